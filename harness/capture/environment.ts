import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { arch, availableParallelism, cpus, platform, release, totalmem } from 'node:os';
import { join } from 'node:path';
import type { Environment } from '../model/index.ts';
import { PROC_ROOT } from './proc.ts';

/** Taken when the program starts: later the harness may have been bound to fewer CPUs, by us. */
const CPUS_AT_START = availableParallelism();

/** Variables by which CI systems make themselves known; the first that is set names the system. */
const CI_SYSTEMS = [
  ['GITHUB_ACTIONS', 'github-actions'],
  ['GITLAB_CI', 'gitlab'],
  ['CIRCLECI', 'circleci'],
  ['BUILDKITE', 'buildkite'],
  ['TF_BUILD', 'azure-pipelines'],
  ['JENKINS_URL', 'jenkins'],
  ['TEAMCITY_VERSION', 'teamcity'],
  ['CI', 'ci'],
] as const;

export interface HostFacts {
  readonly os: string;
  readonly arch: string;
  readonly cpuModel: string;
  readonly cpus: number;
}

/** 16 hex digits over what makes CPU figures comparable between two runs. */
export const fingerprintOf = ({ os, arch, cpuModel, cpus }: HostFacts): string =>
  createHash('sha256')
    .update(JSON.stringify([os, arch, cpuModel, cpus]))
    .digest('hex')
    .slice(0, 16);

/** `loader`: engine and version. Everything else is read from this machine; nothing of it can fail. */
export const hostEnvironment = (
  loader: string,
  env: Readonly<Record<string, string | undefined>>,
  procRoot = PROC_ROOT,
): Environment => {
  const facts = { os: platform(), arch: arch(), cpuModel: cpuModel(procRoot), cpus: CPUS_AT_START };
  return {
    ...facts,
    kernel: release(),
    memoryBytes: totalmem(),
    nodeVersion: process.version,
    ci: CI_SYSTEMS.find(([name]) => isSet(env[name]))?.[1] ?? null,
    loader,
    fingerprint: fingerprintOf(facts),
  };
};

const isSet = (value: string | undefined): boolean => value !== undefined && value !== '' && value !== 'false';

/** Node finds no model on Arm Linux; there the implementer's and part number tell processors apart. */
const cpuModel = (procRoot: string): string => {
  const model = cpus()[0]?.model.trim() ?? '';
  return model !== '' && model !== 'unknown' ? model : (armModel(procRoot) ?? 'unknown');
};

const armModel = (procRoot: string): string | undefined => {
  let text: string;
  try {
    text = readFileSync(join(procRoot, 'cpuinfo'), 'latin1');
  } catch {
    return undefined; // not Linux, or not allowed: the model stays unknown
  }
  const implementer = /^CPU implementer\s*:\s*(\S+)/m.exec(text)?.[1];
  const part = /^CPU part\s*:\s*(\S+)/m.exec(text)?.[1];
  return implementer === undefined || part === undefined ? undefined : `arm ${implementer} ${part}`;
};
