/** Why a service that runs is not ready: what was met where it should answer, and where it listens instead. */
import { dirname } from 'node:path';
import { type GodynoError, TargetStartError } from '../../errors.ts';
import { addressOf, type Endpoint, type ReadyCheck, type Side } from '../../model/index.ts';
import { lastLines, type RunningProcess } from '../../process/index.ts';
import { listeningAddresses, listeningSockets } from './listening.ts';
import { type ReadyAnswer, speaksTls } from './readiness.ts';

/** Of a start, what the message needs. */
interface Start {
  readonly side: Side;
  readonly tmp: string;
  /** The agent's own socket lies here. */
  readonly agentSocketDir: string;
}

/** What is asked of a starting service. */
export interface Asked {
  readonly ready: ReadyCheck;
  readonly endpoint: Endpoint;
}

/** The last answer, which was not enough. */
export interface Unmet extends Asked {
  readonly answer: ReadyAnswer;
}

type Description = readonly [what: string, hint: string];

const describeRefusal = async (request: Start, { endpoint, ready }: Asked, pid: number): Promise<Description> => {
  const sockets = (await listeningSockets(pid)).filter((path) => dirname(path) !== request.agentSocketDir);
  const addresses = await listeningAddresses(pid);
  const elsewhere = [...addresses, ...sockets.map((path) => `the unix socket ${path}`)];
  const [socket] = sockets.filter((path) => path !== endpoint.socket);
  if (elsewhere.length === 0) {
    return ['takes no connections and listens nowhere yet', 'Raise target.readyTimeout when it needs longer to start.'];
  }
  const what = `takes no connections there; it listens on ${elsewhere.join(', ')}`;
  if (ready.at !== undefined) {
    return [
      what,
      'Check target.ready: where it is asked is where the service must listen; ${port.admin} goes into target.args or target.env, too.',
    ];
  }
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
const READY_TLS_HINT = 'Set tls: true under target.ready (a self-signed certificate will do).';

const describeAnswer = async (request: Start, unmet: Unmet, pid: number): Promise<Description> => {
  const { endpoint, ready, answer } = unmet;
  if (answer.kind === 'refused') return describeRefusal(request, unmet, pid);
  if (endpoint.tls === undefined && (await speaksTls(endpoint))) {
    return ['speaks TLS (HTTPS), and was asked in plain HTTP', ready.at === undefined ? TLS_HINT : READY_TLS_HINT];
  }
  switch (answer.kind) {
    case 'status':
      return answer.location === null
        ? [`answered ${answer.status}`, 'Choose a target.ready that answers 2xx once the service can take requests.']
        : [
            `answered ${answer.status} to ${answer.location}`,
            'Redirects are not followed: choose a target.ready that answers 2xx itself.',
          ];
    case 'connected':
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
export const notReady = async (request: Start, unmet: Unmet, running: RunningProcess): Promise<GodynoError> => {
  const { ready, endpoint } = unmet;
  const [what, hint] = await describeAnswer(request, unmet, running.pid);
  const where = endpoint.socket === undefined ? `port ${endpoint.port}` : addressOf(endpoint);
  const asked =
    ready.connects === true ? `${where} took no connection` : `${ready.method} ${ready.path} on ${where} was not ready`;
  return new TargetStartError(
    'TARGET_NOT_READY',
    `${request.side}: ${asked} within ${ready.timeoutSeconds} s: ` +
      `the service ${what}. Its last output:\n${lastLines(running.tail())}`,
    hint,
  );
};
