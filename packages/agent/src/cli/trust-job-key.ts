import { type AgentContext, EXIT } from '../app/agent-context.ts';
import { pinnedJobKeyOf } from '../app/compose-enrollment.ts';

/**
 * `trust-job-key`: root says which key signs the changes that this host does, or that none has to. A running agent goes by it
 * at once. Returns the exit code.
 */
export async function trustJobKey(
  context: Pick<AgentContext, 'host' | 'settings' | 'time' | 'report' | 'program'>,
  fingerprint: string | null,
): Promise<number> {
  await pinnedJobKeyOf(context).trust(fingerprint);
  context.program.stdout(
    fingerprint === null
      ? 'This host does changes without a signature from now on, for whoever its certificates let in. Undo it with: linux-patch-api trust-job-key SHA256:…\n'
      : `This host does changes from now on only when the key ${fingerprint} has signed them. ` +
          'Compare it with "linux-patch-manager job-key show" on the manager. Jobs that were accepted before, whoever signed them, are still done: ' +
          'look at those that wait with "linux-patch-manager jobs HOST"; "linux-patch-manager jobs HOST JOB" says by which key each was signed.\n',
  );
  return EXIT.clean;
}
