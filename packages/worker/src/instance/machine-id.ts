import { join } from 'node:path';
import { PatchError } from '@linux-patch/contract';
import type { Files } from '@linux-patch/runtime';

function placesOf(root: string): readonly string[] {
  return [join(root, 'etc/machine-id'), join(root, 'var/lib/dbus/machine-id')];
}

/** The machine-id of machine-id(5); `uninitialized`, zeros and empty files are no id. */
export async function findMachineId(files: Files, root: string): Promise<string | undefined> {
  for (const place of placesOf(root)) {
    const text = (await files.readText(place))?.trim().toLowerCase();
    if (text && /^[0-9a-f]{32}$/.test(text) && !/^0+$/.test(text)) return text;
  }
  return undefined;
}

/** @throws PatchError `IDENTITY_UNAVAILABLE` when this host has none */
export async function readMachineId(files: Files, root: string): Promise<string> {
  const found = await findMachineId(files, root);
  if (found !== undefined) return found;
  throw new PatchError(
    'IDENTITY_UNAVAILABLE',
    `This host has no machine-id: neither ${placesOf(root).join(' nor ')} holds 32 hexadecimal digits. ` +
      "Run 'systemd-machine-id-setup' (or 'dbus-uuidgen --ensure') and start the agent again.",
  );
}
