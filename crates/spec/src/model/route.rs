//! Which paths go to which service.

use serde::{Deserialize, Serialize};

use crate::form::{Count, Text};
use crate::table::table;
use crate::text::{Header, Host, Name, UrlPath, WebOrigin};
use crate::units::{Rate, Size, Span};

table! {
    /// Which paths go to which service.
    #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
    pub struct Route {
        /// Host names of this route; those of `edge` where empty.
        pub hosts: Vec<String> = several(Vec<Text<Host>>),
        /// The path prefix, on a segment boundary; the longest wins.
        pub path: String = default(Text<UrlPath>, "/".to_owned()),
        /// The service.
        pub to: String = required(Text<Name>),
        /// How long answers of a path may be kept.
        pub cache: Option<Cache> = optional(Cache),
        /// Rate limit, `"100 / 15m per client"`: at most so many requests in any window of that length.
        pub limit: Option<String> = optional(Text<Rate>),
        /// Requests a client may make at once: makes `limit` a paced bucket instead of a sliding window.
        pub burst: Option<u32> = optional(Count<1, 1_000_000>),
        /// The largest request body.
        pub body: Option<Size> = optional(Size),
        /// Cross-origin rules.
        pub cors: Option<Cors> = optional(Cors),
        /// Where the tenant stands.
        pub tenant: Option<Tenant> = optional(Tenant),
    }
}

impl Route {
    /// All paths of the edge's hosts to one service.
    pub fn everything(to: &str) -> Self {
        let (path, to) = ("/".to_owned(), to.to_owned());
        Self {
            hosts: Vec::new(),
            path,
            to,
            cache: None,
            limit: None,
            burst: None,
            body: None,
            cors: None,
            tenant: None,
        }
    }
}

table! {
    /// Cache rule of a route.
    #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
    pub struct Cache {
        /// Path prefix of static files.
        pub r#static: Option<String> = optional(Text<UrlPath>),
        /// How long.
        pub r#for: Option<Span> = optional(Span),
        /// Never revalidated.
        pub immutable: bool = default(bool, false),
    }
}

table! {
    /// Cross-origin rules of a route.
    #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
    pub struct Cors {
        /// Allowed origins.
        pub origins: Vec<String> = required(Vec<Text<WebOrigin>>),
    }
}

table! {
    /// Where the tenant of a request stands.
    #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
    pub struct Tenant {
        /// The header's name.
        pub header: String = required(Text<Header>),
    }
}
