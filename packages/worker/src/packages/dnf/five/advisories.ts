import { lazily, PatchError } from '@linux-patch/contract';
import { z } from 'zod';
import { type AdvisoryAnswer, parseJson } from '../answers.ts';
import type { Nevra } from '../doors.ts';
import { withoutZeroEpoch } from './plan.ts';

/** `dnf5 advisory info --json`: what waits for this host. `advisory list` has the type where the severity belongs (5.4.6). */
const Advisories = lazily(() =>
  z
    .array(
      z.object({
        Name: z.string().min(1).max(512),
        Type: z.string().max(512),
        Severity: z.string().max(4_096),
        references: z
          .array(z.object({ Id: z.string().max(4_096), Type: z.string().max(512) }))
          .max(10_000)
          .optional(),
        collections: z
          .object({ packages: z.array(z.string().max(4_096)).max(200_000).optional() })
          .optional(),
      }),
    )
    .max(200_000),
);

/** @throws PatchError `PKG_MANAGER_ERROR` for what is not understood: an advisory that is missing makes an update look harmless */
export function parseAdvisories(text: string): AdvisoryAnswer[] {
  const parsed = Advisories.safeParse(text.trim() === '' ? [] : parseJson(text));
  if (!parsed.success)
    throw new PatchError('PKG_MANAGER_ERROR', 'dnf5 told advisories in a form that is not understood.');
  return parsed.data.flatMap(({ Name, Type, Severity, references = [], collections }) =>
    (collections?.packages ?? []).map((nevra) => ({
      id: Name,
      ...parseNevra(nevra),
      security: Type === 'security',
      severity: Severity,
      cves: references.filter((one) => one.Type === 'cve').map((one) => one.Id),
    })),
  );
}

function parseNevra(text: string): Nevra {
  const [, name, version, arch] = /^(.+)-([^-]+-[^-]+)\.([^.-]+)$/.exec(text) ?? [];
  if (name === undefined || version === undefined || arch === undefined)
    throw new PatchError(
      'PKG_MANAGER_ERROR',
      `dnf5 named a package that is not understood: "${text.slice(0, 120)}"`,
    );
  return { name, arch, version: withoutZeroEpoch(version) };
}
