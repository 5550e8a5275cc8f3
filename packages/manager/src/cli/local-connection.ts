import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { messageOf, PatchError, SAYS_HEADER, saidName } from '@linux-patch/contract';
import { type FileFacts, type Files, ownUid } from '@linux-patch/runtime';
import { requireAuthority } from '../authority/initialised.ts';
import type { ManagerPaths } from '../config/paths.ts';
import type { Connection } from './connection.ts';

type Places = Pick<ManagerPaths, 'adminSocket' | 'dataFolder' | 'caFolder' | 'database' | 'served'>;

const CONNECT_TIMEOUT_MS = 60_000;

/**
 * Who listens there must be the manager: what is typed into commands is for nobody else.
 * @throws PatchError `MANAGER_UNTRUSTED`
 */
async function requireOwn(files: Files, places: Places, folder: FileFacts, socket: FileFacts): Promise<void> {
  const data = await files.facts(places.dataFolder);
  const trusted = [0, await ownUid(files), data?.uid];
  const strange = [folder, socket].find(({ uid }) => !trusted.includes(uid));
  if (!strange && (folder.mode & 0o022) === 0) return;
  throw new PatchError(
    'MANAGER_UNTRUSTED',
    `Whoever answers at ${places.adminSocket} may not be the manager: ` +
      (strange ? `it belongs to user ${strange.uid}` : `others can write in ${dirname(places.adminSocket)}`) +
      '. Nothing was sent. Look who made it, remove it, and restart the manager: systemctl restart linux-patch-manager.',
  );
}

/**
 * Connects to the socket of the manager that runs on this machine.
 * @throws PatchError `MANAGER_NOT_RUNNING`, `MANAGER_UNTRUSTED`, `NOT_INITIALIZED`; Node's EACCES for an ordinary user
 */
async function connectLocal(files: Files, places: Places): Promise<Socket> {
  const folder = await files.facts(dirname(places.adminSocket));
  const facts = folder && (await files.facts(places.adminSocket));
  if (!folder || !facts) {
    await requireAuthority(files, places);
    throw notAnswered(places, new Error('it is not there'));
  }
  await requireOwn(files, places, folder, facts);
  const socket = connect(places.adminSocket);
  // Errors after this reach the request that uses the socket.
  socket.on('error', () => {});
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(CONNECT_TIMEOUT_MS) });
    return socket;
  } catch (error) {
    socket.destroy();
    throw notAnswered(places, error);
  }
}

/** What it means that the manager did not answer. */
function notAnswered({ adminSocket }: Pick<Places, 'adminSocket'>, cause: unknown): PatchError {
  const { code } = cause as NodeJS.ErrnoException;
  return new PatchError(
    'MANAGER_NOT_RUNNING',
    `The manager does not answer at ${adminSocket} (${code ?? messageOf(cause)}). ` +
      "Is it running? Look at 'systemctl status linux-patch-manager' and start it with 'systemctl restart linux-patch-manager' (from a checkout: 'linux-patch-manager serve'). " +
      'A manager of version 1.2 that was not restarted after its upgrade has no such socket.',
    { cause },
  );
}

/** Calls the manager that runs on this machine. */
export function localConnection(options: {
  readonly files: Files;
  readonly paths: Places;
  /** Whom the command was started for; the manager writes it down as what was said. */
  readonly startedFor: string | undefined;
}): Connection {
  const { files, paths, startedFor } = options;
  return {
    headers: { host: 'localhost', ...(startedFor ? { [SAYS_HEADER]: saidName(startedFor) } : {}) },
    connect: () => connectLocal(files, paths),
    notAnswered: (cause) => notAnswered(paths, cause),
  };
}
