//! Addresses of all kinds.

super::texts! {
    /// A host name that requests are routed by; `*.` in front stands for any one label.
    Host is "host name" like "routes.example.com":
        "^([*][.])?([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?[.])*[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$",
        "write the name alone, without scheme, port or path: \"routes.example.com\"";
    /// A listening address.
    Listen is "listening address" like ":80":
        "^([0-9]{1,3}([.][0-9]{1,3}){3}|\\[[0-9A-Fa-f:.]+\\]|localhost)?:(6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[1-5]?[0-9]{1,4})$",
        "write \":PORT\" or \"ADDRESS:PORT\", for example \":80\" or \"127.0.0.1:8080\"";
    /// A network.
    Network is "network" like "10.0.0.0/8":
        "^([0-9]{1,3}([.][0-9]{1,3}){3}(/([12]?[0-9]|3[0-2]))?|[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*(/([0-9]{1,2}|1[01][0-9]|12[0-8]))?)$",
        "write an address or a network, for example \"10.0.0.0/8\"";
    /// What a service may reach outside.
    Egress is "host and port" like "maps.example.com:443":
        "^([*][.])?[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?:([1-9][0-9]{0,4})$",
        "write \"HOST:PORT\", for example \"maps.example.com:443\"";
    /// The address of a service that runs elsewhere. It may carry a password, which is refused and not repeated.
    External is "HTTP address" like "http://127.0.0.1:9000": "^https?://([A-Za-z0-9.-]+|\\[[0-9A-Fa-f:.]+\\])(:[0-9]{1,5})?/?$",
        "write scheme, host and port alone, for example \"http://127.0.0.1:9000\"", confidential;
    /// An origin in the sense of CORS.
    WebOrigin is "origin" like "https://routes.example.com": "^([*]|https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?)$",
        "write scheme and host without a path, for example \"https://routes.example.com\"";
    /// A container image.
    Image is "image" like "registry.example.com/app:1.2": "^[A-Za-z0-9][A-Za-z0-9._/:@-]*$",
        "write for example \"registry.example.com/app:1.2\"";
    /// Another machine.
    Remote is "remote machine" like "ssh://deploy@server": "^ssh://([A-Za-z0-9._-]+@)?[A-Za-z0-9._-]+(:[0-9]{1,5})?$",
        "write for example \"ssh://deploy@server\"", confidential;
    /// A container registry.
    Registry is "registry" like "ghcr.io/example": "^[A-Za-z0-9][A-Za-z0-9.-]*(:[0-9]{1,5})?(/[A-Za-z0-9._-]+)*$",
        "write host and path without a scheme, for example \"ghcr.io/example\"", confidential;
    /// Where backups go.
    Repository is "backup repository" like "file:///var/backups/app": "^(file:///|s3://|gs://|azure://)[^\\s@?]+$",
        "write file:///PATH, s3://BUCKET/PATH, gs://BUCKET/PATH or azure://CONTAINER/PATH", confidential;
}
