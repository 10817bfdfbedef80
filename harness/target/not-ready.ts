/** Why a service that runs is not ready: what was met where it should answer, and where it listens instead. */
import { dirname } from 'node:path';
import { type GodynoError, TargetStartError } from '../errors.ts';
import { addressOf, type Endpoint, type Side, type TargetSpec } from '../model/index.ts';
import { lastLines, type RunningProcess } from '../process/index.ts';
import { listeningAddresses, listeningSockets } from './listening.ts';
import { type ReadyAnswer, speaksTls } from './readiness.ts';

/** Of a start, what the message needs. */
interface Start {
  readonly spec: TargetSpec;
  readonly side: Side;
  readonly port: number;
  readonly tmp: string;
  /** The agent's own socket lies here. */
  readonly agentSocketDir: string;
}

type Description = readonly [what: string, hint: string];

const describeRefusal = async (request: Start, endpoint: Endpoint, pid: number): Promise<Description> => {
  const sockets = (await listeningSockets(pid)).filter((path) => dirname(path) !== request.agentSocketDir);
  const addresses = await listeningAddresses(pid);
  const elsewhere = [...addresses, ...sockets.map((path) => `the unix socket ${path}`)];
  const [socket] = sockets.filter((path) => path !== endpoint.socket);
  if (elsewhere.length === 0) {
    return ['takes no connections and listens nowhere yet', 'Raise target.readyTimeout when it needs longer to start.'];
  }
  const what = `takes no connections there; it listens on ${elsewhere.join(', ')}`;
  if (endpoint.socket !== undefined) {
    return [what, 'Pass the path of target.socket to the service in target.args or target.env.'];
  }
  return socket !== undefined && addresses.length === 0
    ? [what, `Set target.socket: ${socket.replace(request.tmp, '${tmp}')}, or let it listen on \${port}.`]
    : [
        what,
        'Pass ${port} to the service in target.args or target.env (PORT is set, too), on 127.0.0.1 or all addresses.',
      ];
};

const TLS_HINT = 'Set target.tls: true in the scenario (a self-signed certificate will do).';

const describeAnswer = async (
  request: Start,
  endpoint: Endpoint,
  answer: ReadyAnswer,
  pid: number,
): Promise<Description> => {
  if (answer.kind === 'refused') return describeRefusal(request, endpoint, pid);
  if (endpoint.tls === undefined && (await speaksTls(endpoint))) {
    return ['speaks TLS (HTTPS), and was asked in plain HTTP', TLS_HINT];
  }
  switch (answer.kind) {
    case 'status':
      return answer.location === null
        ? [`answered ${answer.status}`, 'Choose a target.ready that answers 2xx once the service can take requests.']
        : [
            `answered ${answer.status} to ${answer.location}`,
            'Redirects are not followed: choose a target.ready that answers 2xx itself.',
          ];
    case 'silent':
      return ['took the connection and did not answer', 'Raise target.readyTimeout, or choose a cheaper target.ready.'];
    case 'broken':
      return endpoint.tls === undefined
        ? [`broke the connection (${answer.what})`, 'It must speak HTTP/1.1 there.']
        : [
            `broke the connection (${answer.what})`,
            'It must speak HTTP/1.1 over TLS there. Where it asks for a name, give it (target.tls: { serverName: … }); where it speaks plain HTTP, leave target.tls out. Client certificates are not sent.',
          ];
  }
};

/** What it did instead of answering `target.ready`, and what to do about it. */
export const notReady = async (
  request: Start,
  endpoint: Endpoint,
  answer: ReadyAnswer,
  running: RunningProcess,
): Promise<GodynoError> => {
  const { ready } = request.spec;
  const [what, hint] = await describeAnswer(request, endpoint, answer, running.pid);
  const where = endpoint.socket === undefined ? `port ${request.port}` : addressOf(endpoint);
  return new TargetStartError(
    'TARGET_NOT_READY',
    `${request.side}: ${ready.method} ${ready.path} on ${where} was not ready within ${ready.timeoutSeconds} s: ` +
      `the service ${what}. Its last output:\n${lastLines(running.tail())}`,
    hint,
  );
};
