import { readPinnedKey, writePinnedKey } from '@linux-patch/worker';
import { type AgentContext, EXIT } from '../app/agent-context.ts';

/**
 * `trust-job-key`: root says which key signs the changes that this host does, or that none has to. A running agent goes by it
 * at once. Returns the exit code.
 */
export async function trustJobKey(context: AgentContext, fingerprint: string | null): Promise<number> {
  const { files } = context.host;
  const place = context.settings.paths.jobKey;
  const before = await readPinnedKey(files, place).catch(() => undefined);
  await writePinnedKey(files, place, { pinned: fingerprint, by: 'root', foreign: null });
  context.report.audit.record('job_key_pinned', {
    pinned: fingerprint,
    by: 'root',
    before: before?.pinned ?? null,
    followed: false,
  });
  context.program.stdout(
    fingerprint === null
      ? 'This host does changes without a signature from now on, for whoever its certificates let in. Undo it with: linux-patch-api trust-job-key SHA256:…\n'
      : `This host does changes from now on only when the key ${fingerprint} has signed them. ` +
          'Compare it with "linux-patch-manager job-key show" on the manager.\n',
  );
  return EXIT.clean;
}
