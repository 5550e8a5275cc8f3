import { isIP } from 'node:net';
import { DAY_MS, MINUTE_MS } from '@linux-patch/contract';
import { LOG_LEVELS } from '@linux-patch/runtime';
import { BACKENDS } from '@linux-patch/worker';
import { z } from 'zod';
import { enrollment } from './enrollment-schema.ts';
import { agentPaths } from './paths.ts';
import { parseSyslogServer } from './syslog-server.ts';
import { path, whole } from './values.ts';

const DEFAULT_PATHS = agentPaths('/');

const server = z
  .strictObject({
    port: whole(0, 65_535)
      .default(12_443)
      .meta({ description: 'TCP port of the API. 0 takes any free port; the log says which.' }),
    bind: z
      .string()
      .refine((text) => isIP(text) !== 0, 'must be an IPv4 or IPv6 address, for example 192.0.2.1 or ::')
      .default('::')
      .meta({
        description:
          'Address to listen on; `::` listens on IPv6 and IPv4, and on IPv4 alone where the kernel has no IPv6.',
      }),
    timeout_seconds: whole(1, 3_600)
      .default(30)
      .meta({ description: 'Seconds a client may take to send a request.' }),
  })
  .transform(({ timeout_seconds, ...rest }) => ({ ...rest, timeoutMs: timeout_seconds * 1_000 }))
  .readonly()
  .prefault({});

/** What is done unless it is not wanted. */
const on = z.boolean().default(true);
/** What is not done unless it is asked for. */
const off = z.boolean().default(false);

const tls = z
  .strictObject({
    enabled: on.meta({
      description:
        '`false` serves without TLS, on a Unix socket that only root can open (`/var/lib/linux_patch_api/api.sock`) and on no port.',
    }),
    port: whole(0, 65_535)
      .optional()
      .meta({ description: 'Older name of `server.port`; when both are given they must be equal.' }),
    ca_cert: path
      .default(DEFAULT_PATHS.ca)
      .meta({ description: 'CA certificates that clients are checked against.' }),
    server_cert: path.default(DEFAULT_PATHS.certificate).meta({ description: "The agent's certificate." }),
    server_key: path.default(DEFAULT_PATHS.key).meta({ description: "The agent's private key, mode 0600." }),
    crl_path: path
      .default(DEFAULT_PATHS.crl)
      .meta({ description: 'Revocation list of the CA; may be absent.' }),
    min_tls_version: z
      .literal('1.3', 'must be "1.3", in quotes: the agent speaks TLS 1.3 only')
      .default('1.3')
      .meta({ description: 'Only `"1.3"` is accepted.' }),
    allowed_clients: z
      .array(z.string().min(1))
      .min(1)
      .readonly()
      .optional()
      .meta({
        description:
          'Names (CN or SAN, `*` as wildcard) of client certificates that may call. Without it the name learned ' +
          'at enrolment, else `patch-manager-client`. `"*"` lets any client certificate of the CA call.',
      }),
  })
  .readonly()
  .prefault({});

const jobs = z
  .strictObject({
    max_concurrent: whole(1, 100).default(5).meta({ description: 'Jobs that may run at the same time.' }),
    timeout_minutes: whole(1, 10_080).default(30).meta({ description: 'Minutes a job may run.' }),
    storage_path: path.default(DEFAULT_PATHS.jobsFolder).meta({ description: 'Folder of the job journal.' }),
    max_queue_depth: whole(1, 10_000).default(100).meta({ description: 'Jobs that may wait.' }),
    retention_days: whole(1, 3_650).default(30).meta({ description: 'Days that finished jobs are kept.' }),
    retention_count: whole(1, 100_000).default(1_000).meta({ description: 'Finished jobs that are kept.' }),
  })
  .transform(({ storage_path, ...limits }) => ({
    storage_path,
    limits: Object.freeze({
      maxConcurrent: limits.max_concurrent,
      maxQueueDepth: limits.max_queue_depth,
      timeoutMs: limits.timeout_minutes * MINUTE_MS,
      retentionMs: limits.retention_days * DAY_MS,
      retentionCount: limits.retention_count,
    }),
  }))
  .readonly()
  .prefault({});

const logging = z
  .strictObject({
    level: z
      .enum(LOG_LEVELS)
      .default('info')
      .meta({ description: 'Least severity that is logged. Without it, LINUX_PATCH_LOG_LEVEL is used.' }),
    journal_enabled: on.meta({ description: 'Log to the journal.' }),
    syslog_enabled: off.meta({ description: 'Log to a syslog server too, over UDP.' }),
    syslog_server: z
      .string()
      .refine(
        (text) => parseSyslogServer(text) !== undefined,
        'must be HOST or HOST:PORT, for example log.example.org or [2001:db8::1]:514',
      )
      .optional()
      .meta({ description: 'HOST or HOST:PORT of the syslog server; port 514 without one.' }),
    audit_copies: off.meta({
      description:
        'Records of the audit log go to the journal and to the syslog server as well, where the log goes there, and whatever `level` is.',
    }),
    file_path: path
      .default(DEFAULT_PATHS.auditLog)
      .meta({ description: 'Audit log; rotated daily and compressed.' }),
    retention_days: whole(1, 3_650)
      .default(30)
      .meta({ description: 'Days that rotated audit logs are kept.' }),
  })
  .transform(({ retention_days, ...rest }) => ({ ...rest, retentionMs: retention_days * DAY_MS }))
  .readonly()
  .prefault({});

const whitelist = z
  .strictObject({
    path: path.default(DEFAULT_PATHS.allowListFile).meta({
      description:
        'File with `entries:` of addresses, CIDR ranges and host names that may connect. Unreadable or invalid: nobody may.',
    }),
  })
  .readonly()
  .prefault({});

const packageManager = z
  .strictObject({
    backend: z
      .enum(['auto', ...BACKENDS])
      .default('auto')
      .meta({ description: 'Package manager; `auto` finds it.' }),
    refresh_minutes: whole(0, 10_080)
      .default(60)
      .meta({
        description:
          'Minutes between two refreshes of the package lists, a tenth more or less. 0: only before changes and when somebody ' +
          'asks. While a job works with packages a refresh waits; one that failed is tried again after a quarter of an hour.',
      }),
    require_all_sources: z
      .boolean()
      .default(false)
      .meta({
        description:
          'Apply no updates while a package source cannot be refreshed. `false` applies what the others offer, and the job names ' +
          "the source; one of the distribution's security updates still makes the job fail in the end.",
      }),
  })
  .transform(({ refresh_minutes, ...rest }) => ({ ...rest, refreshMs: refresh_minutes * MINUTE_MS }))
  .readonly()
  .prefault({});

/** A limit that is never reached, for hosts whose administrators turned limiting off. */
const UNLIMITED_PER_MINUTE = 1_000_000;

const rateLimit = z
  .strictObject({
    enabled: on.meta({ description: 'Limit requests per client.' }),
    read_per_minute: whole(1, UNLIMITED_PER_MINUTE)
      .default(60)
      .meta({ description: 'Reading requests per minute and client.' }),
    change_per_minute: whole(1, UNLIMITED_PER_MINUTE)
      .default(10)
      .meta({ description: 'Changing requests per minute and client.' }),
  })
  .transform(({ enabled, read_per_minute, change_per_minute }) => ({
    readsPerMinute: enabled ? read_per_minute : UNLIMITED_PER_MINUTE,
    changesPerMinute: enabled ? change_per_minute : UNLIMITED_PER_MINUTE,
  }))
  .readonly()
  .prefault({});

/**
 * `config.yaml` of the agent. Every key has a default or may be absent; a key without a value counts as absent.
 * Default paths are those of a host without `--root`.
 *
 * The environment is the second source, for two keys only and only where the file is silent: `LINUX_PATCH_MANAGER_URL`
 * gives `enrollment.manager_url`, `LINUX_PATCH_LOG_LEVEL` gives `logging.level`. Any other `LINUX_PATCH_*` name is a fault.
 */
export const AgentConfigSchema = z
  .strictObject({
    server,
    tls,
    jobs,
    logging,
    whitelist,
    package_manager: packageManager,
    rate_limit: rateLimit,
    enrollment,
  })
  .readonly();

/** The agent's configuration, frozen: names as in the file, but for spans and limits, which have the names and units of the code. */
export type AgentConfig = z.output<typeof AgentConfigSchema>;
