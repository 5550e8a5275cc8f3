import { isIP } from 'node:net';
import { MANAGER_PORT, ReleaseKeyFingerprint } from '@linux-patch/contract';
import { z } from 'zod';
import { isLocalHostEntry } from '../authority/name-rules.ts';
import { PostgresUrl } from './database-url.ts';
import { CertifiableName, ManagerUrl } from './host-names.ts';
import { OidcSchema } from './oidc.ts';

/** The manager's `config.yaml`; every key is optional. */
export const ManagerConfigSchema = z.strictObject({
  server: z
    .strictObject({
      bind: z
        .string()
        .refine((text) => isIP(text) !== 0, 'must be an IPv4 or IPv6 address')
        .default('::')
        .meta({
          description:
            'Address to listen on; `::` listens on IPv6 and IPv4, and on IPv4 alone where the kernel has no IPv6.',
        }),
      port: z
        .int()
        .min(0)
        .max(65_535)
        .default(MANAGER_PORT)
        .meta({ description: 'Port to listen on; 0 takes any free one.' }),
      url: ManagerUrl.optional().meta({
        description: 'What agents and the command line call; by default https://HOSTNAME:PORT.',
      }),
      names: z
        .array(CertifiableName)
        .max(1_000)
        .default([])
        .meta({ description: "More names and addresses for the manager's own HTTPS certificate." }),
      max_connections: z
        .int()
        .min(16)
        .max(100_000)
        .default(16_384)
        .meta({ description: 'Connections at once; each may take about 100 KiB of memory.' }),
      max_connections_per_address: z.int().min(4).max(100_000).default(256).meta({
        description:
          'Connections at once from one address (of IPv6: from one /64) that have shown neither a credential nor the key of a request; beyond it the oldest of them is closed.',
      }),
    })
    .prefault({}),
  database: z
    .strictObject({
      path: z
        .string()
        .min(1)
        .optional()
        .meta({ description: 'SQLite file; by default manager.sqlite in the data folder.' }),
      url: PostgresUrl.optional().meta({
        description:
          'Database of PostgreSQL (13 or newer) instead of a file: postgresql://USER@HOST:PORT/NAME, or postgresql://USER@/NAME?host=/run/postgresql for a socket. Never with a password. Beyond this machine the server proves itself by a certificate that the system trusts, or one of ?sslrootcert=/FILE; ?sslmode=disable does without.',
        example: 'postgresql://linux_patch@db.example.org/linux_patch',
      }),
      password_file: z
        .string()
        .min(1)
        .max(4_096)
        .startsWith('/', 'must be an absolute path')
        .optional()
        .meta({
          description:
            'File with the password of the user of database.url, 0600 and of the user as whom the manager runs. Without it the manager looks where PGPASSFILE says; none is needed where the server knows the user of a socket (peer).',
          example: '/etc/linux_patch_manager/database.password',
        }),
    })
    .refine(({ path, url }) => path === undefined || url === undefined, {
      message: 'has both path and url; a manager has one database',
    })
    .refine(({ url, password_file: file }) => url !== undefined || file === undefined, {
      message: 'has a password_file without a url; SQLite takes none',
    })
    .prefault({}),
  enrollment: z
    .strictObject({
      allow_legacy_agents: z.boolean().optional().meta({
        description:
          'Whether agents of the older generation may join, for which the manager makes the private key and which prove nothing. Not set: only those of hosts that are on record with such a key, so that an upgraded manager does not lose them.',
      }),
      request_hours: z
        .number()
        .positive()
        .max(720)
        .default(24)
        .meta({ description: 'Hours after which an unanswered request is forgotten.' }),
      max_pending: z
        .int()
        .min(1)
        .max(1_000_000)
        .default(10_000)
        .meta({ description: 'Most requests that may wait at once.' }),
      renew_expired_days: z.int().min(0).max(365).default(30).meta({
        description:
          'Days after its expiry during which a certificate that is the newest of its host, and not revoked, still renews without a person; 0 asks for a new enrolment at once.',
      }),
      requests_per_minute: z
        .int()
        .min(1)
        .max(100_000)
        .default(120)
        .meta({ description: 'Requests to join and polls accepted per minute and address.' }),
    })
    .prefault({}),
  audit: z
    .strictObject({
      retention_days: z.int().min(30).max(36_500).default(730).meta({
        description:
          'Days that records of the audit log stay in the database. Older ones are moved into files in /var/lib/linux_patch_manager/audit, which the manager never removes; the log names each with its hash.',
      }),
    })
    .prefault({}),
  certificates: z
    .strictObject({
      agent_days: z
        .int()
        .min(1)
        .max(825)
        .default(365)
        .meta({ description: "Life of an agent's certificate, days." }),
      crl_hours: z
        .int()
        .min(1)
        .max(720)
        .default(24)
        .meta({ description: 'Hours a revocation list is good for.' }),
      local_hosts: z
        .array(
          z
            .string()
            .max(253)
            .refine(
              isLocalHostEntry,
              'must be a host name without a wildcard, an address that a host can have, or a part of 127.0.0.0/8',
            ),
        )
        .max(64)
        .default([])
        .meta({
          description:
            "Names and addresses of the manager's own machine that hosts may be certified for, loopback addresses and parts of 127.0.0.0/8 among them; else nobody is. For an agent on the manager's machine, and for trying things out. Each is one that a host could pose as.",
        }),
    })
    .prefault({}),
  fleet: z
    .strictObject({
      poll_minutes: z
        .number()
        .min(0)
        .max(1440)
        .default(5)
        .meta({ description: 'Minutes between two questions to each host how it fares; 0 asks never.' }),
      inventory_minutes: z.number().min(0).max(1440).default(60).meta({
        description:
          'Minutes between two questions to each host what it has installed and what waits on it; 0 asks never. A host that missed two counts as unknown.',
      }),
      concurrency: z
        .int()
        .min(1)
        .max(256)
        .default(16)
        .meta({ description: 'Hosts that are asked, or sent a revocation list, at once.' }),
    })
    .prefault({}),
  install: z
    .strictObject({
      folder: z.string().startsWith('/', 'must be an absolute path').max(4_096).optional().meta({
        description:
          'Folder with the signed packages that hosts install, made by `build:repository`; by default `install` in the data folder. Who asks gets what lies there.',
      }),
      release_key: ReleaseKeyFingerprint.optional().meta({
        description:
          'Fingerprint of the OpenPGP key that signs these packages. Hosts take no other; without it `install-line` prints a line for a package that is on the host already.',
      }),
    })
    .prefault({}),
  oidc: OidcSchema.optional(),
  logging: z
    .strictObject({
      level: z
        .enum(['debug', 'info', 'warn', 'error'])
        .default('info')
        .meta({ description: 'Least severity that is logged.' }),
    })
    .prefault({}),
});
export type ManagerConfig = z.output<typeof ManagerConfigSchema>;
