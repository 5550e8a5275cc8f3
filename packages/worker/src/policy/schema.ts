import { lazily, PackageGlob, POLICY_OPERATIONS } from '@linux-patch/contract';
import { z } from 'zod';

/** Where nothing is said of them: restarting services is for those who say so. */
const DEFAULT_OPERATIONS = ['update', 'install', 'remove', 'reboot'] as const;

/** Days of a week as windows name them, from Sunday on. */
export const WEEKDAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;

const MOST_ENTRIES = 1_000;
const MOST_WINDOWS = 100;

const MINUTES_OF_DAY = 24 * 60;

/** Minutes since midnight. */
function timeOfDay(latest: number) {
  return z
    .string()
    .max(5, 'must be a time of day, HH:MM')
    .transform((text, context) => {
      const [, hours, minutes] = /^(\d\d):([0-5]\d)$/.exec(text) ?? [];
      const time = Number(hours) * 60 + Number(minutes);
      if (time <= latest) return time;
      context.addIssue({ code: 'custom', message: 'must be a time of day, HH:MM, for example "02:30"' });
      return z.NEVER;
    });
}

const Window = lazily(() =>
  z
    .strictObject({
      days: z.array(z.enum(WEEKDAYS)).min(1).max(7).readonly().optional(),
      from: timeOfDay(MINUTES_OF_DAY - 1),
      to: timeOfDay(MINUTES_OF_DAY),
    })
    .refine(({ from, to }) => from !== to, {
      path: ['to'],
      message: 'is when the window opens, so that it never would; a whole day is from "00:00" to "24:00"',
    })
    .readonly(),
);
export type PolicyWindow = z.output<typeof Window>;

const field = z
  .string()
  .min(1)
  .max(256)
  .regex(/^[\x20-\x7e]+$/, 'must be printable ASCII on one line')
  .optional();

const Origin = z
  .strictObject({ origin: field, label: field, suite: field, codename: field, site: field })
  .refine(
    (entry) => Object.values(entry).some((one) => one !== undefined),
    'must name origin, label, suite, codename or site; an entry without any would let in everything',
  )
  .readonly();
export type AllowedOrigin = z.output<typeof Origin>;

/** A time zone of the IANA database, as its files are named. */
export function isTimeZone(name: string): boolean {
  if (!/^[A-Za-z][\w+-]*(?:\/[\w+-]+)*$/.test(name) || name.length > 64) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/** When changes may begin. */
function windowKeys() {
  return {
    windows: z
      .array(Window)
      .min(1, 'must have an entry; leave the key out to allow changes at any time')
      .max(MOST_WINDOWS)
      .readonly()
      .optional()
      .meta({
        description:
          'When changes may begin, by the clock on the wall: `from` and `to` as HH:MM, and the `days` on which the window opens (mon, tue, wed, ' +
          'thu, fri, sat, sun; every day without them). A `to` before `from` is on the next day. What has begun goes on to its end. Without ' +
          'the key changes may begin at any time.',
        example: [
          { days: ['sat', 'sun'], from: '22:00', to: '04:00' },
          { from: '12:30', to: '13:00' },
        ],
      }),
    time_zone: z
      .string()
      .max(64)
      .refine(isTimeZone, 'must be a time zone such as Europe/Berlin')
      .optional()
      .meta({
        description: "Time zone of the windows. Without it the host's own (/etc/localtime).",
        example: 'Europe/Berlin',
      }),
  };
}

/** `policy.yaml`: what this host lets others do, in the words of its own administrator. A key that is absent forbids nothing but downgrades and the restart of services. */
export const PolicySchema = lazily(() =>
  z
    .strictObject({
      allowed_operations: z
        .array(z.enum(POLICY_OPERATIONS))
        .max(POLICY_OPERATIONS.length)
        .readonly()
        .default([...DEFAULT_OPERATIONS])
        .meta({
          description:
            'What may be asked for from outside: `update` (holding and releasing packages, too), `install`, `remove`, `reboot`, and ' +
            '`restart-service`, which counts only where it is written here. A rollback takes those of which it consists. `[]` allows ' +
            'nothing; what is installed and what waits can be read all the same.',
          example: ['update', 'reboot'],
        }),
      excluded_packages: z
        .array(PackageGlob)
        .max(MOST_ENTRIES)
        .readonly()
        .default([])
        .meta({
          description:
            'Names of packages that are never touched: not installed, updated, removed or held; `*` stands for anything, `?` for one ' +
            'character. `name:architecture` means that one and packages for all architectures; a request that names no architecture may mean it. ' +
            '"All updates" go in without them; a change that names or needs one is denied. What an interrupted installation left half ' +
            'configured is finished all the same, whatever its name.',
          example: ['postgresql*', 'linux-image-*'],
        }),
      allowed_origins: z
        .array(Origin)
        .min(
          1,
          'must have an entry; leave the key out to allow every source that the host is configured with',
        )
        .max(MOST_ENTRIES)
        .readonly()
        .optional()
        .meta({
          description:
            'Where packages may come from, by what the Release file of a source says (`origin`, `label`, `suite`, `codename`) and by the host ' +
            'name in its address (`site`). Every field of an entry must fit, `*` stands for anything. Every source that has the very version ' +
            'must be allowed, because the package manager may take it from any. Without the key every configured source may be used.',
          example: [
            { origin: 'Debian', codename: 'trixie' },
            { origin: 'Debian', codename: 'trixie-updates' },
            { origin: 'Debian', label: 'Debian-Security', site: 'security.debian.org' },
          ],
        }),
      removals: z
        .enum(['any', 'named', 'none'])
        .default('any')
        .meta({
          description:
            '`any`: what a request names, and with `allow_removals` what has to go for it. `named`: only what a request names. `none`: nothing ' +
            'is removed, whatever is asked for.',
          example: 'named',
        }),
      downgrades: z
        .enum(['any', 'none'])
        .default('none')
        .meta({
          description:
            '`any`: a request with `allow_downgrade`, or a rollback, may give packages an older version, with faults that were mended long ago. `none`: such a ' +
            'request is denied. A host without this file allows them.',
          example: 'any',
        }),
      holds: z
        .enum(['any', 'kept'])
        .default('any')
        .meta({
          description:
            '`any`: a request may release packages that are held on this host, and with `force` change them all the same. `kept`: it may do ' +
            'neither, whoever holds them; holding more is an `update`.',
          example: 'kept',
        }),
      ...windowKeys(),
    })
    .readonly(),
);
export type PolicyValues = z.output<typeof PolicySchema>;
