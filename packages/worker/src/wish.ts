import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { VERSION } from '@linux-patch/contract';
import { BACKENDS } from './package-interface/backends.ts';
import { CONFIGURED_BACKENDS, type ConfiguredBackend } from './package-interface/configured-backend.ts';
import type { Serves } from './requests/serve-request.ts';

export const USAGE = `linux-patch-worker: the part of the Linux Patch agent that works with packages. The agent starts it for each request
and for each job.

usage: linux-patch-worker request [--without-network|--only-refresh] [--root DIR] [--config FILE]
                              [--backend auto|${BACKENDS.join('|')}]
       linux-patch-worker run JOB [--attached] [--clock-fault TEXT] [--root DIR] [--config FILE]
                              [--backend auto|${BACKENDS.join('|')}]
       linux-patch-worker folders [--root DIR] [--config FILE]
       linux-patch-worker --help | --version

A request comes as one line of JSON over the socket that the service manager hands over, else on standard input,
and as many bytes after it as its member "bytes" says; the answer is one line, too.
--without-network: this process has no network of the host, so it refuses to refresh the package lists; --only-refresh: it
refuses everything else. A job is done when a request had it accepted; such a process is started by a request, too. What comes of it is said on
standard output, in lines of JSON. With --attached it ends with whoever started it. --clock-fault says, in base64url, why
the clock is not believed. Without --backend, package_manager.backend of the configuration counts. folders: which folders that
the configuration names are the agent's alone, a line each; on standard error, why others are not.
`;

/** On what to work. */
export interface HostWish {
  readonly root: string;
  /** `config.yaml` */
  readonly configFile: string;
  /** Undefined: what `config.yaml` says. */
  readonly backend: ConfiguredBackend | undefined;
}

/** A job to do. */
export interface JobWish {
  readonly id: string;
  readonly attached: boolean;
  /** Why the clock is not believed. */
  readonly clockFault: string | undefined;
}

/** What the command line asks for: a text, the folders of the agent, a job, or else an answer to a request. */
export type Wish =
  | { readonly print: string }
  | (Pick<HostWish, 'root' | 'configFile'> & { readonly folders: true })
  | (HostWish & { readonly job: JobWish | undefined; readonly serves: Serves });

/** Below the root. */
const CONFIG_FILE = 'etc/linux_patch_api/config.yaml';
/** It names a folder. */
const JOB_ID = /^[A-Za-z0-9-]{1,64}$/;

/** @throws Error that says what is wrong with the command line */
export function parseWish(args: readonly string[]): Wish {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: {
      root: { type: 'string', default: '/' },
      backend: { type: 'string' },
      config: { type: 'string' },
      'clock-fault': { type: 'string' },
      attached: { type: 'boolean', default: false },
      'without-network': { type: 'boolean', default: false },
      'only-refresh': { type: 'boolean', default: false },
      help: { type: 'boolean' },
      version: { type: 'boolean' },
    },
    allowPositionals: true,
  });
  if (values.help) return { print: USAGE };
  if (values.version) return { print: `${VERSION}\n` };
  const root = resolve(values.root);
  const configFile = resolve(values.config ?? join(root, CONFIG_FILE));
  if (positionals.length === 1 && positionals[0] === 'folders') return { root, configFile, folders: true };
  const job = jobOf(positionals, values);
  const serves = servesOf(values, job);
  const backend = CONFIGURED_BACKENDS.find((one) => one === values.backend);
  if (values.backend !== undefined && !backend)
    throw new Error(`--backend ${values.backend} is none of auto, ${BACKENDS.join(', ')}`);
  return { root, configFile, backend, job, serves };
}

function servesOf(
  values: { readonly 'without-network': boolean; readonly 'only-refresh': boolean },
  job: JobWish | undefined,
): Serves {
  const { 'without-network': withoutNetwork, 'only-refresh': onlyRefresh } = values;
  if (!withoutNetwork && !onlyRefresh) return 'everything';
  if (job || (withoutNetwork && onlyRefresh))
    throw new Error('--without-network and --only-refresh are for requests, and one of them for each');
  return withoutNetwork ? 'without_network' : 'only_refresh';
}

function jobOf(
  [what, id, ...more]: readonly string[],
  {
    attached,
    'clock-fault': encoded,
  }: { readonly attached: boolean; readonly 'clock-fault'?: string | undefined },
): JobWish | undefined {
  if (what === 'request' && id === undefined && encoded === undefined && !attached) return undefined;
  if (what !== 'run' || more.length > 0) throw new Error('it is asked for nothing that it knows');
  if (id === undefined || !JOB_ID.test(id)) throw new Error('run needs the id of a job');
  const clockFault = encoded === undefined ? undefined : Buffer.from(encoded, 'base64url').toString('utf8');
  return { id, attached, clockFault };
}

/** The command line of the process that does a job. */
export function jobArguments(
  { root, configFile, backend }: Pick<HostWish, 'root' | 'configFile' | 'backend'>,
  job: Pick<JobWish, 'id' | 'clockFault'>,
): string[] {
  const { clockFault } = job;
  const fault =
    clockFault === undefined ? [] : ['--clock-fault', Buffer.from(clockFault).toString('base64url')];
  const chosen = backend === undefined ? [] : ['--backend', backend];
  return ['run', job.id, '--root', root, '--config', configFile, ...chosen, ...fault];
}
