/** The part of autocannon 9.0.0 we use; it ships no types of its own. Its client's insides are checked in autocannon-client.ts. */
declare module 'autocannon' {
  interface Options {
    readonly url: string;
    /** Path of a unix socket, in place of the URL's host and port. */
    readonly socketPath?: string;
    /** TLS: the name to ask for. */
    readonly servername?: string;
    readonly tlsOptions?: { readonly servername: string };
    readonly connections: number;
    readonly pipelining: number;
    /** Seconds. */
    readonly duration: number;
    /** Seconds. */
    readonly timeout: number;
    /** Milliseconds. */
    readonly sampleInt: number;
    readonly skipAggregateResult: boolean;
    readonly setupClient: (client: unknown) => void;
  }

  /** With a callback it returns an emitter that is not a promise. */
  export default function autocannon(options: Options, done: (error: Error | null) => void): { stop(): void };
}
