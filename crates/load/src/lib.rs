//! An open-loop HTTP client.
