/** Where a running service takes requests; always on this machine. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
  /** Path of a unix socket that takes the place of host and port; `@name` is Linux' abstract one (unix(7)). */
  readonly socket?: string;
  /** It speaks TLS; left out, plain HTTP. */
  readonly tls?: TlsSpec;
}

/** Certificates are not checked: no request leaves this machine, and test certificates are signed by nobody. */
export interface TlsSpec {
  /** Name to ask for (SNI); null: none. */
  readonly serverName: string | null;
}

/** `127.0.0.1:8080`, `[::1]:8080` or the socket's path, for messages. */
export const addressOf = ({ host, port, socket }: Endpoint): string => socket ?? hostAndPort(host, port);

const hostAndPort = (host: string, port: number): string => `${host.includes(':') ? `[${host}]` : host}:${port}`;

/** The Host header; a unix socket has no name of its own. */
export const hostHeaderOf = ({ host, port, socket, tls }: Endpoint): string => {
  if (tls !== undefined && tls.serverName !== null) return tls.serverName;
  return socket === undefined ? hostAndPort(host, port) : 'localhost';
};

/** The socket's path as Node takes it. */
export const socketPathOf = (socket: string): string => socket.replace(/^@/, '\0');

/** As Node's `http`, `https`, `net` and `tls` take it. */
export const connectOptions = ({ host, port, socket, tls }: Endpoint) => ({
  ...(socket === undefined ? { host, port } : { socketPath: socketPathOf(socket) }),
  ...(tls !== undefined && {
    rejectUnauthorized: false,
    ...(tls.serverName !== null && { servername: tls.serverName }),
  }),
});
