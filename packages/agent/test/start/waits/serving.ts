import { ENROLL_PATHS } from '@linux-patch/contract';
import { freePort } from '@linux-patch/runtime/testing';
import {
  asked,
  askedAtOnce,
  askedLater,
  CONFIG,
  joined,
  listening,
  oddAt,
  POLL,
  type Scene,
  type Setting,
  STRIDE_MS,
  STUCK,
  said,
  type Wait,
  withSilentNames,
} from './wait.ts';

const FORBIDDEN = {
  status: 403,
  text: JSON.stringify({ error: { code: 'FORBIDDEN', message: 'this manager did not issue it' } }),
};
const PENDING = { status: 200, text: '{"status":"pending"}' };
/** Late in the life of the certificate, which a renewal is due for, and after its end. */
const LATE_DAYS = 300;
const EXPIRED_DAYS = 400;
const SLOW_NAME = 'slow.example.test';

const joinedThen =
  (days: number, answers: Parameters<typeof oddAt>[0]) =>
  async (setting: Setting): Promise<void> => {
    await joined(setting, days);
    oddAt(answers)(setting);
  };

const listeningAtOnce = ({ agent }: Scene): Promise<void> =>
  agent.settles(async () => (await agent.servedSerial()) !== undefined);

/** Waits of a host that has certificates. */
export const SERVING: readonly Wait[] = [
  {
    where: 'for requests, while it serves',
    reached: listening,
    exitCode: 0,
  },
  {
    where: 'for the manager to say whom to trust, while it serves',
    arrange: oddAt({ [ENROLL_PATHS.trust]: STUCK }),
    reached: async (scene) => {
      await listening(scene);
      await asked(ENROLL_PATHS.trust)(scene);
    },
    exitCode: 0,
  },
  {
    where: 'for a revocation list, while it serves',
    arrange: (setting) => {
      oddAt({ [ENROLL_PATHS.crl]: STUCK })(setting);
      setting.manager.spoil = ({ crl_pem: _, ...bundle }) => bundle;
    },
    reached: async (scene) => {
      await listening(scene);
      await asked(ENROLL_PATHS.crl)(scene);
    },
    exitCode: 0,
  },
  {
    where: 'for the manager to say what time it is, while it serves',
    arrange: oddAt({ [ENROLL_PATHS.ca]: STUCK }),
    reached: async (scene) => {
      await listening(scene);
      await asked(ENROLL_PATHS.ca)(scene);
    },
    exitCode: 0,
  },
  {
    where: 'for a renewal, while it serves',
    arrange: joinedThen(LATE_DAYS, { [ENROLL_PATHS.renew]: STUCK }),
    reached: async (scene) => {
      await listeningAtOnce(scene);
      await askedLater(ENROLL_PATHS.renew)(scene);
    },
    exitCode: 0,
  },
  {
    where: 'in a poll that is held open, to join again while it serves',
    arrange: joinedThen(LATE_DAYS, { [ENROLL_PATHS.renew]: FORBIDDEN, [POLL]: STUCK }),
    reached: askedLater(ENROLL_PATHS.renew, POLL),
    exitCode: 0,
  },
  {
    where: 'before it asks once more to join again, while it serves',
    arrange: async (setting) => {
      const { host } = setting;
      await host.put(CONFIG, `${await host.read(CONFIG)}  max_poll_attempts: 1\n`);
      await joinedThen(LATE_DAYS, { [ENROLL_PATHS.renew]: FORBIDDEN, [POLL]: PENDING })(setting);
    },
    reached: ({ agent, host }) =>
      agent.until(async () => {
        // The days that passed have begun another one.
        const log = await host.read('var/log/linux_patch_api/audit.log').catch(() => '');
        return log.includes('enrollment_unfinished');
      }, STRIDE_MS),
    exitCode: 0,
  },
  {
    where: 'for a name server that does not know a name of the allow list',
    doors: withSilentNames(SLOW_NAME),
    arrange: ({ host }) => host.put('etc/linux_patch_api/whitelist.yaml', `entries: [${SLOW_NAME}]\n`),
    reached: asked(SLOW_NAME),
    exitCode: 0,
  },
  {
    where: 'for the manager to say whether its certificates have really expired',
    arrange: joinedThen(EXPIRED_DAYS, { [ENROLL_PATHS.ca]: STUCK }),
    reached: askedAtOnce(ENROLL_PATHS.ca),
    exitCode: 2,
  },
  {
    where: 'for the right time, with certificates that look expired and a manager that is away',
    arrange: async (setting) => {
      const { host, manager } = setting;
      await joined(setting, EXPIRED_DAYS);
      const away = `https://127.0.0.1:${await freePort()}`;
      await host.put(CONFIG, (await host.read(CONFIG)).replace(manager.url, away));
    },
    reached: ({ agent, host }) =>
      agent.settles(() => agent.said().includes('count as expired') && host.clock.sleeping > 1),
    exitCode: 2,
  },
  {
    where: 'for the renewal of expired certificates',
    arrange: joinedThen(EXPIRED_DAYS, { [ENROLL_PATHS.renew]: STUCK }),
    reached: askedAtOnce(ENROLL_PATHS.renew),
    exitCode: 2,
  },
  {
    where: 'between two renewals of expired certificates',
    arrange: joinedThen(EXPIRED_DAYS, { [ENROLL_PATHS.renew]: { status: 503, text: '{}' } }),
    reached: said('could not be renewed yet'),
    exitCode: 2,
  },
];
