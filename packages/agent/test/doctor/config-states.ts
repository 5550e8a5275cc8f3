import { chmod, chown, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemFiles } from '@linux-patch/runtime/node';
import { META_FILE } from '../../src/identity/store/identity-meta.ts';
import type { BrokenState } from './case.ts';

const NOBODY = 65_534;

/** What is wrong with the configuration and the files that it names. */
export const CONFIG_STATES: readonly BrokenState[] = [
  {
    code: 'NOT_ROOT',
    says: /user 65534/,
    arrange: (host) => {
      host.files = {
        ...systemFiles,
        readText: async (path) =>
          path === '/proc/self/status' ? `Uid:\t${NOBODY}\t${NOBODY}\n` : systemFiles.readText(path),
      };
    },
    args: ['--root', '/'],
  },
  {
    code: 'CHECK_FAILED',
    says: /store: .*i\/o error/,
    arrange: (host) => {
      const broken = async (path: string) => {
        if (!path.endsWith(META_FILE)) return systemFiles.facts(path);
        throw Object.assign(new Error('EIO: i/o error, stat'), { code: 'EIO' });
      };
      host.files = { ...systemFiles, facts: broken };
    },
  },
  { code: 'CONFIG_MISSING', arrange: (host) => rm(host.paths.configFile) },
  {
    code: 'CONFIG_UNREADABLE',
    arrange: async (host) => {
      await rm(host.paths.configFile);
      await symlink('config.yaml', host.paths.configFile);
    },
  },
  {
    code: 'CONFIG_YAML_BROKEN',
    says: /config\.yaml:\d+:\d+ not valid YAML/,
    arrange: (host) => writeFile(host.paths.configFile, 'server:\n  bind: "127.0.0.1\n', { mode: 0o600 }),
  },
  {
    code: 'CONFIG_UNKNOWN_KEY',
    says: /did you mean "manager_url"/,
    arrange: (host) => host.configure(['manger_url: https://manager.example.org']),
  },
  {
    code: 'CONFIG_PLAIN_HTTP',
    says: /enrollment\.manager_url/,
    arrange: (host) => host.configure(['manager_url: http://manager.example.org:8080']),
  },
  {
    code: 'CONFIG_VALUE_REFUSED',
    says: /jobs/,
    arrange: (host) => host.configure([], 'jobs: { max_concurrent: none }'),
  },
  {
    code: 'ENVIRONMENT_REFUSED',
    says: /LINUX_PATCH_MANAGER/,
    arrange: (host) => {
      host.environment = { LINUX_PATCH_MANAGER: 'https://manager.example.org' };
    },
  },
  {
    code: 'CONFIG_WORLD_WRITABLE',
    says: /0622/,
    fixed: true,
    arrange: (host) => chmod(host.paths.configFile, 0o622),
  },
  { code: 'CONFIG_FOREIGN_OWNER', fixed: true, arrange: (host) => chown(host.paths.configFile, NOBODY, 0) },
  {
    code: 'CONFIG_FOREIGN_OWNER',
    variant: 'behind a link',
    fixed: true,
    arrange: async (host) => {
      const real = `${host.paths.configFile}.of-somebody`;
      await rename(host.paths.configFile, real);
      await symlink(real, host.paths.configFile);
      await chown(real, NOBODY, 0);
    },
  },
  {
    code: 'POLICY_FAULTY',
    says: /policy\.yaml:1:1 allowed_operation: unknown key \(did you mean "allowed_operations"\?\)/,
    arrange: (host) => writeFile(host.paths.policyFile, 'allowed_operation: [update]\n', { mode: 0o644 }),
  },
  {
    code: 'POLICY_OPEN',
    says: /policy\.yaml.*0646/,
    fixed: true,
    arrange: async (host) => {
      await writeFile(host.paths.policyFile, '');
      await chmod(host.paths.policyFile, 0o646);
    },
  },
  {
    code: 'CONFIG_SECRET_READABLE',
    variant: 'a token',
    fixed: true,
    arrange: async (host) => {
      await host.configure([
        `manager_url: ${host.manager.url}`,
        'report_ip: 127.0.0.1',
        `polling_token: ${'s'.repeat(64)}`,
      ]);
      host.secrets.push('s'.repeat(64));
      await chmod(host.paths.configFile, 0o644);
    },
  },
  {
    code: 'MANAGER_URL_MISSING',
    arrange: async (host) => {
      await host.configure([]);
      await rm(host.paths.certificatesFolder, { recursive: true });
    },
  },
  {
    code: 'PLAIN_HTTP_ALLOWED',
    arrange: (host) =>
      host.configure(['manager_url: http://127.0.0.1:1', 'allow_plain_http: true', 'report_ip: 127.0.0.1']),
    args: ['--offline'],
  },
  {
    code: 'JOIN_FILE_MISSING',
    arrange: async (host) => {
      await rm(host.paths.certificatesFolder, { recursive: true });
      await host.configure([
        `manager_url: ${host.manager.url}`,
        'report_ip: 127.0.0.1',
        'join_file: /nonexistent/join',
      ]);
    },
  },
  {
    code: 'JOIN_FILE_OPEN',
    says: /0644/,
    fixed: true,
    arrange: async (host) => {
      const path = join(host.root, 'join');
      host.secrets.push('j0in-secret-of-this-host');
      await writeFile(path, 'j0in-secret-of-this-host\n', { mode: 0o644 });
      await host.configure([
        `manager_url: ${host.manager.url}`,
        'report_ip: 127.0.0.1',
        `join_file: ${path}`,
      ]);
    },
  },
  {
    code: 'JOIN_FILE_OPEN',
    variant: 'of another owner',
    says: /user 65534/,
    fixed: true,
    arrange: async (host) => {
      const path = join(host.root, 'join');
      host.secrets.push('j0in-secret-of-this-host');
      await writeFile(path, 'j0in-secret-of-this-host\n', { mode: 0o600 });
      await chown(path, NOBODY, 0);
      await host.configure([
        `manager_url: ${host.manager.url}`,
        'report_ip: 127.0.0.1',
        `join_file: ${path}`,
      ]);
    },
  },
  {
    code: 'CA_FILE_UNUSABLE',
    variant: 'of another owner',
    says: /user 65534/,
    arrange: async (host) => {
      const path = join(host.root, 'ca-of-the-manager.pem');
      await writeFile(path, host.authority.caPem);
      await chown(path, NOBODY, 0);
      await host.configure([`manager_url: ${host.manager.url}`, 'report_ip: 127.0.0.1', `ca_file: ${path}`]);
    },
  },
  {
    code: 'CA_FILE_UNUSABLE',
    says: /does not exist/,
    arrange: (host) =>
      host.configure([
        `manager_url: ${host.manager.url}`,
        'report_ip: 127.0.0.1',
        'ca_file: /nonexistent/ca.pem',
      ]),
  },
];
