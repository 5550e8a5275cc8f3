import { chmod, chown, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BrokenState } from './case.ts';
import type { SickHost } from './sick-host.ts';

const NOBODY = 65_534;

/** Nothing is there to go back to. */
function forgetIdentity(host: SickHost): Promise<void> {
  return rm(host.paths.certificatesFolder, { recursive: true });
}

const enrollment: readonly BrokenState[] = [
  {
    code: 'PENDING_STATE_CORRUPT',
    fixed: true,
    arrange: async (host) => {
      await host.install();
      await writeFile(join(host.paths.dataFolder, 'enrollment.json'), '{"v": 1, "manager_url"', {
        mode: 0o600,
      });
    },
  },
  {
    code: 'PENDING_KEY_WRONG',
    arrange: async (host) => {
      await host.enrolling();
      await rm(join(host.paths.certificatesFolder, 'pending.key.pem'));
    },
  },
  {
    code: 'PENDING_SECRET_READABLE',
    arrange: async (host) => {
      await host.enrolling();
      await chmod(join(host.paths.dataFolder, 'enrollment.json'), 0o644);
    },
  },
  {
    code: 'ENROLLMENT_DENIED',
    says: /not ours/,
    arrange: async (host) => {
      await forgetIdentity(host);
      await host.audit('enrollment_denied', { key_id: 'K', reason: 'not ours', proven: true });
    },
  },
  {
    code: 'ENROLLMENT_CONFLICT',
    says: /known already/,
    arrange: async (host) => {
      const { key_id } = await host.enrolling({ state: 'retrying' });
      await host.audit('enrollment_conflict', { key_id, manager: host.manager.url, reason: 'known already' });
    },
  },
  {
    code: 'ENROLLMENT_APPROVAL_REFUSED',
    arrange: async (host) => {
      await host.enrolling({ state: 'needs_person' });
      await host.audit('enrollment_bundle_refused', { error_code: 'MANAGER_UNTRUSTED', reason: 'no proof' });
    },
  },
  {
    code: 'ENROLLMENT_REQUEST_LOST',
    arrange: async (host) => {
      const { key_id } = await host.enrolling({ state: 'registering' });
      await host.audit('enrollment_request_lost', { key_id });
    },
  },
  {
    code: 'ENROLLMENT_NEEDS_PERSON',
    says: /spoke the extension/,
    arrange: (host) => host.enrolling({ state: 'needs_person', last_error: 'spoke the extension before' }),
  },
  {
    code: 'ENROLLMENT_RETRYING',
    says: /read-only/,
    arrange: (host) => host.enrolling({ state: 'retrying', last_error: 'the disk is read-only' }),
  },
  { code: 'ENROLLMENT_WAITING', says: /key id/, arrange: (host) => host.enrolling() },
];

const access: readonly BrokenState[] = [
  { code: 'ALLOW_LIST_MISSING', fixed: true, arrange: (host) => rm(host.paths.allowListFile) },
  {
    code: 'ALLOW_LIST_INVALID',
    says: /whitelist\.yaml:2/,
    arrange: (host) => writeFile(host.paths.allowListFile, 'entries:\n  - 300.1.2.3\n'),
  },
  {
    code: 'ALLOW_LIST_OPEN',
    variant: 'of another owner',
    says: /65534/,
    fixed: true,
    arrange: (host) => chown(host.paths.allowListFile, NOBODY, 0),
  },
  {
    code: 'ALLOW_LIST_OPEN',
    variant: 'that others may write',
    says: /0664/,
    fixed: true,
    arrange: (host) => chmod(host.paths.allowListFile, 0o664),
  },
  {
    code: 'ALLOW_LIST_LACKS_MANAGER',
    says: /127\.0\.0\.1/,
    fixed: true,
    arrange: (host) => writeFile(host.paths.allowListFile, '# ours\nentries:\n  - 10.0.0.0/8\n'),
  },
  {
    code: 'ALLOW_LIST_EVERYBODY',
    arrange: (host) => writeFile(host.paths.allowListFile, 'entries:\n  - 0.0.0.0/0\n'),
  },
  {
    code: 'JOB_KEY_UNREADABLE',
    says: /job-key\.json cannot be read/,
    arrange: (host) => writeFile(host.paths.jobKey.file, '{"format":1'),
  },
  {
    code: 'JOB_KEY_FOREIGN',
    says: /takes changes from SHA256:A+, and its manager signs with SHA256:B/,
    arrange: (host) =>
      writeFile(
        host.paths.jobKey.file,
        JSON.stringify({
          format: 1,
          pinned: `SHA256:${'A'.repeat(43)}`,
          by: 'join',
          foreign: `SHA256:${'B'.repeat(43)}`,
        }),
      ),
  },
  {
    code: 'ALLOWED_CLIENTS_ANY',
    arrange: (host) =>
      host.configure(
        [`manager_url: ${host.manager.url}`, 'report_ip: 127.0.0.1'],
        'tls: { allowed_clients: ["*"] }',
      ),
  },
  { code: 'TRUST_TOFU', arrange: (host) => host.install({ meta: { trust: 'tofu' } }) },
  { code: 'KEY_MADE_BY_MANAGER', arrange: (host) => host.install({ meta: { key_origin: 'manager' } }) },
];

export const JOINING_STATES: readonly BrokenState[] = [...enrollment, ...access];
