"""HTTP/1.1 and server-sent events close to the socket."""
