import { type AptContext, aptPath } from './apt-context.ts';

const FLAG_FILES = ['run/reboot-required', 'var/run/reboot-required'];

/** Whether updates wait for a reboot, and which packages asked for it (update-notifier's flag files). */
export async function readRebootState(
  context: AptContext,
): Promise<{ readonly required: boolean; readonly reasons: readonly string[] }> {
  for (const path of FLAG_FILES) {
    const flag = aptPath(context, path);
    if (!(await context.files.facts(flag))) continue;
    const packages = (await context.files.readText(`${flag}.pkgs`)) ?? '';
    return { required: true, reasons: [...new Set(packages.split('\n').filter(Boolean))] };
  }
  return { required: false, reasons: [] };
}
