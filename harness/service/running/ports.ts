/** TCP ports for the two services. */
import { createServer } from 'node:net';
import { TargetStartError } from '../../errors.ts';

/**
 * Below the range from which Linux, macOS and the loader's own connections take theirs (32768 or 49152 and up), so that
 * a port cannot be lost to an outgoing connection between the choice and the start; all of five digits, so that both
 * sides format and parse equally long addresses.
 */
const FIRST_PORT = 20_000;
const PORT_COUNT = 12_000;

/** Whether nobody listens on `port`, on any IPv4 address. */
export const isPortFree = async (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '0.0.0.0', exclusive: true }, () => server.close(() => resolve(true)));
  });

const handedOut = new Set<number>();

/** `count` free ports of five digits, none given out before by this process. Throws `NO_FREE_PORT`. */
export const freePorts = async (
  count: number,
  startAt = Math.floor(Math.random() * PORT_COUNT),
): Promise<readonly number[]> => {
  const ports: number[] = [];
  for (let step = 0; step < PORT_COUNT && ports.length < count; step++) {
    const port = FIRST_PORT + ((startAt + step) % PORT_COUNT);
    if (handedOut.has(port) || !(await isPortFree(port))) continue;
    handedOut.add(port);
    ports.push(port);
  }
  if (ports.length === count) return ports;
  throw new TargetStartError(
    'NO_FREE_PORT',
    `No ${count} free TCP ports between ${FIRST_PORT} and ${FIRST_PORT + PORT_COUNT - 1}`,
    'Stop what listens there, or look whether this machine forbids listening at all.',
  );
};
