import { expect, test } from 'vitest';
import { takenPortsIn } from '../../../harness/run/session/contended-ports.ts';

test.each([
  ['listen tcp :9090: bind: address already in use', [9090]],
  ['2026/11/30 metrics: listen tcp 0.0.0.0:9090: bind: address already in use', [9090]],
  [
    '{"err":"listen tcp4 127.0.0.1:80: bind: address already in use"}\nlisten udp [::1]:53: bind: address already in use',
    [80, 53],
  ],
  ['listen tcp :9090: bind: address already in use\nlisten tcp :9090: bind: address already in use', [9090]],
  ['listen tcp :80: bind: permission denied', []],
  ['dial tcp :80: connect: connection refused', []],
])('of %j the ports that were taken are %j', (output, ports) => {
  expect(takenPortsIn(output)).toEqual(ports);
});
