import type { DoctorFinding } from '@linux-patch/contract';
import { describeFound, type Found, type KnownWords, sortFound } from '@linux-patch/runtime/findings';
import { DOCTOR_CHECKS, type DoctorCode } from './table.ts';

/** Something that was found on this host, before it is put into words. */
export type Finding = Found<DoctorCode>;

/** Each once, worst first, and causes before what follows from them. */
export function sortFindings(findings: readonly Finding[]): Finding[] {
  return sortFound(DOCTOR_CHECKS, findings);
}

/** Puts a finding into words. */
export function describeFinding(finding: Finding, known: KnownWords): DoctorFinding {
  return describeFound(DOCTOR_CHECKS, finding, known);
}
