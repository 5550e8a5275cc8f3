import { isIP } from 'node:net';
import { parseFingerprint } from '@linux-patch/pki';
import { z } from 'zod';
import { parseProxy } from '../host/proxy.ts';
import { normalizeManagerUrl } from './manager-url.ts';
import { path, whole } from './values.ts';

/** Polls after which waiting for an approval ends; also the most that can be configured. */
const MAX_POLLS = 1440;
const POLL_SECONDS = 60;

const managerUrl = z.string().transform((text, context) => {
  if (text.trim() === '') return undefined;
  const read = normalizeManagerUrl(text);
  if ('url' in read) return read.url;
  context.addIssue({ code: 'custom', message: read.fault });
  return z.NEVER;
});

const fingerprint = z.string().transform((text, context) => {
  const digits = parseFingerprint(text);
  if (digits !== undefined) return `sha256:${digits}`;
  context.addIssue({ code: 'custom', message: 'must be sha256: and 64 hexadecimal digits' });
  return z.NEVER;
});

const proxy = z.string().transform((text, context) => {
  const trimmed = text.trim();
  if (trimmed === '') return undefined;
  if (trimmed === 'none') return trimmed;
  const read = parseProxy(trimmed);
  if ('proxy' in read) return trimmed;
  context.addIssue({ code: 'custom', message: read.fault });
  return z.NEVER;
});

/** The section `enrollment`: which manager this host joins, what proves it, and how it is reached. */
export const enrollment = z
  .strictObject({
    manager_url: managerUrl.optional().meta({
      description:
        'URL of the manager to enrol with, for example `https://manager.example.org:8443`; a host and a port, without a path. Without it, ' +
        'LINUX_PATCH_MANAGER_URL is used; without both the agent never enrols by itself.',
    }),
    allow_plain_http: z.boolean().default(false).meta({
      description: 'Accept an http:// manager; anybody on the way can read and change what is sent.',
    }),
    proxy: proxy.optional().meta({
      description:
        'HTTP proxy to reach the manager through by CONNECT, `http://[USER:PASSWORD@]HOST:PORT`. Without it HTTPS_PROXY and ' +
        'NO_PROXY of the environment count; `none` ignores them. A password is a secret.',
    }),
    ca_file: path
      .optional()
      .meta({ description: "File with the manager's CA, checked before anything else." }),
    ca_fingerprint: fingerprint
      .optional()
      .meta({ description: "SHA-256 pin of the manager's CA, `sha256:` and 64 hexadecimal digits." }),
    join_file: path.optional().meta({
      description:
        'File with a join string made by the manager, mode 0600. Without it the systemd credential `linux-patch-join` counts, ' +
        'then `/etc/linux_patch_api/join`. Not looked at while the certificates are good.',
    }),
    trust: z
      .enum(['auto', 'code', 'tofu'])
      .default('auto')
      .meta({
        description:
          "`auto` proves the manager by file, pin, the system's CAs or the host code; `code` takes only the host code (or a join token) for a " +
          'proof, so that a CA of a TLS inspection never becomes the manager; `tofu` accepts whoever answers first.',
      }),
    polling_interval_seconds: whole(0, 86_400)
      .transform((seconds) => (seconds === 0 ? POLL_SECONDS : seconds))
      .default(POLL_SECONDS)
      .meta({ description: 'Seconds between polls of a manager that does not hold them. 0 means 60.' }),
    max_poll_attempts: whole(0, Number.MAX_SAFE_INTEGER)
      .transform((polls) => (polls === 0 ? MAX_POLLS : Math.min(polls, MAX_POLLS)))
      .default(MAX_POLLS)
      .meta({ description: 'Polls until the agent gives up. 0 and more than 1440 mean 1440.' }),
    cert_renewal_threshold_days: whole(0, 365)
      .default(7)
      .meta({ description: 'Days before expiry from which a certificate counts as expiring soon.' }),
    report_ip: z
      .string()
      .refine((text) => isIP(text) !== 0, 'must be an IPv4 or IPv6 address')
      .optional()
      .meta({ description: 'Address the manager shall dial, when the agent would find another one.' }),
    report_interface: z
      .string()
      .regex(/^[^\s/:]{1,15}$/, 'must be the name of a network interface, for example eth0')
      .optional()
      .meta({ description: 'Network interface whose address is reported.' }),
    polling_token: z
      .string()
      .regex(/^[\x21-\x7e]{0,512}$/, 'must be one word; remove the line to ask the manager afresh')
      .transform((token) => (token === '' ? undefined : token))
      .optional()
      .meta({
        description:
          'Token of a request that an earlier version of the agent made. It is taken over into the state once; the line may be removed then. A secret.',
      }),
  })
  .transform(({ polling_interval_seconds, max_poll_attempts, ...rest }) => ({
    ...rest,
    polling: Object.freeze({ intervalMs: polling_interval_seconds * 1_000, maxAttempts: max_poll_attempts }),
  }))
  .readonly()
  .prefault({});
