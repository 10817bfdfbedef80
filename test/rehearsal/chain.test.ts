/**
 * The whole chain with the real bundle: a pull request's event → measured with the rights of a fork → artifacts → the
 * publishing run → one comment. What is measured decides nothing here; that the figures arrive unchanged does.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseComparison } from '../../harness/model/index.ts';
import { readReceivedZip } from '../../harness/publish/index.ts';
import { type CheckedOutAction, checkOutAction, type StepEnded } from './action-runner.ts';
import { pullOf, pullRequestEvent, workflowRunEvent } from './events.ts';
import { type FakeGitHub, startFakeGitHub } from './fake-github.ts';
import { makeServiceRepository, type ServiceRepository } from './service-repository.ts';

const RUN = 5001;

let action: CheckedOutAction;
let fake: FakeGitHub;
let service: ServiceRepository;
let measured: StepEnded;

beforeAll(async () => {
  action = checkOutAction();
  fake = await startFakeGitHub();
  service = makeServiceRepository();
  fake.pulls.set(7, pullOf(service.headSha));
  measured = await action.run({
    inputs: { 'fail-on': 'none' },
    env: {
      ...fake.runnerEnv(RUN),
      GITHUB_API_URL: fake.url,
      GITHUB_RUN_ID: String(RUN),
      GITHUB_REF: 'refs/pull/7/merge',
      GITHUB_SHA: service.mergeSha,
    },
    event: pullRequestEvent(service.headSha),
    cwd: service.dir,
  });
}, 180_000);
afterAll(async () => {
  await fake.stop();
  service.remove();
  action.remove();
});

const comparisonOnDisk = () => {
  const file = measured.outputs['comparison-path'] ?? '';
  return parseComparison(readFileSync(file, 'utf8'), file);
};

test('measuring ends well and says in its outputs where everything is', () => {
  expect(measured.log).not.toContain('::error');
  expect(measured.code).toBe(0);
  const comparison = comparisonOnDisk();
  expect(measured.outputs['verdict']).toBe(comparison.verdict);
  expect(readFileSync(measured.outputs['report-path'] ?? '', 'utf8')).toContain('tiny');
  expect(measured.summary).toContain('tiny');
});

test('the base is the first parent of the merge, not where the branches parted', () => {
  const { base, head } = comparisonOnDisk();
  expect(base.revision).toBe(service.baseSha);
  expect(head.revision).toBe(service.mergeSha);
});

test('three artifacts are left: two small files for the publisher, everything, and the page by itself', () => {
  expect(fake.artifacts.map(({ name, mime, done }) => [name, mime, done])).toEqual([
    ['godyno-result', 'application/zip', true],
    ['godyno', 'application/zip', true],
    ['godyno.html', 'text/html', true],
  ]);
  const [result, all, page] = fake.artifacts;
  const received = readReceivedZip(result!.content, 'result');
  expect(received.comparison).toEqual(comparisonOnDisk());
  expect(received.claim).toMatchObject({ repository: 'acme/shop', pullRequest: 7, headSha: service.headSha });
  expect(all!.content.length).toBeGreaterThan(result!.content.length);
  expect(page!.content.toString()).toMatch(/^<!doctype html>/);
  expect(measured.outputs['artifact-url']).toBe(
    `https://github.com/acme/shop/actions/runs/${RUN}/artifacts/${page!.id}`,
  );
});

test('the publishing run comments once, and again in the same place, with the same figures', async () => {
  const publish = async () =>
    action.run({
      inputs: { command: 'publish', token: 'ghs_main:contents=read,actions=read,pull_requests=write' },
      env: { GITHUB_API_URL: fake.url },
      event: workflowRunEvent(RUN, service.headSha),
      cwd: path.dirname(service.dir),
    });
  for (const ended of [await publish(), await publish()]) expect(ended.code, ended.log).toBe(0);
  expect(fake.comments).toHaveLength(1);
  const body = fake.comments[0]?.body ?? '';
  expect(body).toContain(`--seed ${comparisonOnDisk().seed}`);
  expect(body).toContain(measured.outputs['artifact-url']);
});
