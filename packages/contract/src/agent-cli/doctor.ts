import { z } from 'zod';

/** How bad a finding is, worst first. */
export const FINDING_SEVERITIES = ['error', 'warning', 'notice'] as const;
export type FindingSeverity = (typeof FINDING_SEVERITIES)[number];

/** What a finding is about. */
export const FINDING_THEMES = [
  'config',
  'files',
  'host',
  'clock',
  'port',
  'service',
  'network',
  'manager',
  'certificates',
  'enrollment',
  'access',
  'packages',
  'database',
  'authority',
  'fleet',
] as const;
export type FindingTheme = (typeof FINDING_THEMES)[number];

/** One thing that is not as it should be. No member ever holds a token, a host code or a key. */
export const DoctorFinding = z.object({
  /** Name of the state; never changes its meaning. */
  code: z.string().regex(/^[A-Z][A-Z0-9_]+$/),
  severity: z.enum(FINDING_SEVERITIES),
  theme: z.enum(FINDING_THEMES),
  title: z.string().min(1),
  /** What was seen on this host. */
  detail: z.string().min(1),
  /** What it means, and what to think of. */
  meaning: z.string().min(1),
  /** The one command that mends it. */
  command: z.string().min(1),
  /** Whether `--fix` can mend it. */
  repairable: z.boolean(),
});
export type DoctorFinding = z.infer<typeof DoctorFinding>;

/** What `doctor --json` prints. Members may be added; none changes its meaning. */
export const DoctorReport = z.object({
  v: z.literal(1),
  version: z.string(),
  checked_at: z.iso.datetime(),
  config_file: z.string(),
  /** Whether the network was asked. */
  offline: z.boolean(),
  /** The cause comes before its consequences. */
  findings: z.array(DoctorFinding),
  /** What `--fix` has mended; those findings are not among the others any more. */
  repaired: z.array(DoctorFinding),
  /** What `--fix` could not mend, and why. */
  repair_failures: z.array(z.object({ code: z.string(), reason: z.string() })),
});
export type DoctorReport = z.infer<typeof DoctorReport>;

/** What `linux-patch-manager doctor --json` prints. Members may be added; none changes its meaning. */
export const ManagerDoctorReport = DoctorReport.omit({
  offline: true,
  repaired: true,
  repair_failures: true,
});
export type ManagerDoctorReport = z.infer<typeof ManagerDoctorReport>;
