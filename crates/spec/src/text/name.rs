//! Names and plain texts.

super::texts! {
    /// The application's name; it becomes part of directories, container and object names.
    AppName is "application name" like "hello": "^[a-z][a-z0-9-]{0,38}[a-z0-9]$|^[a-z]$",
        "use lower-case letters, digits and `-`, at most 40 characters, a letter first";
    /// The name of a service, database, volume, route, channel group or environment.
    Name is "name" like "api": "^[a-z][a-z0-9-]{0,38}[a-z0-9]$|^[a-z]$",
        "use lower-case letters, digits and `-`, at most 40 characters, a letter first";
    /// The name of an environment variable.
    EnvName is "environment variable name" like "LOG_LEVEL": "^[A-Za-z_][A-Za-z0-9_]*$",
        "use letters, digits and `_`, no digit first";
    /// The name of a secret. What fails may be the secret itself, so it is not repeated.
    SecretName is "secret name" like "jwt": "^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$",
        "write the secret's name, not its value: letters, digits, `.`, `_` and `-`", confidential true;
    /// Any text that is not empty.
    Plain is "text" like "text": "^[^\\x00]*[^\\x00\\s][^\\x00]*$", "write something";
    /// A version of an engine.
    Version is "version" like "15": "^[0-9]+([.][0-9]+)*$", "write for example \"15\" or \"7.2\"";
    /// A path of a URL.
    UrlPath is "path" like "/ready": "^/[^\\s#]*$", "a path starts with `/` and has no blanks, for example \"/ready\"";
    /// A directory inside an instance.
    Mount is "absolute path" like "/data/uploads": "^/[^\\x00]*$", "a mount starts with `/`, for example \"/data\"";
    /// The name of a header.
    Header is "header name" like "x-tenant": "^[A-Za-z0-9!#$%&'*+.^_|~-]+$", "write for example \"x-tenant\"";
    /// A mail address.
    Email is "email address" like "ops@example.com": "^[^@\\s]+@[^@\\s]+$", "write for example \"ops@example.com\"";
    /// Another part of the file.
    Reference is "reference" like "services.api.url": "^(services|databases)[.][a-z][a-z0-9-]*[.]url$",
        "write `services.NAME.url` or `databases.NAME.url`";
    /// A key as it is written from the top of the file.
    KeyPath is "key" like "release.approve": "^[A-Za-z0-9_-]+([.][A-Za-z0-9_-]+)*$",
        "write for example \"release.approve\"";
    /// What runs before a release.
    Preparation is "preparation" like "backup db": "^backup [a-z][a-z0-9-]*$", "write `backup NAME`";
}
