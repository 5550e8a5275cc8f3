import { PatchError, type PlanStep, type PolicyDenial, type PolicyOperation } from '@linux-patch/contract';

/** What a source says about itself; undefined where it says nothing. */
export interface PackageOrigin {
  readonly origin: string | undefined;
  readonly label: string | undefined;
  readonly suite: string | undefined;
  readonly codename: string | undefined;
  /** The host in its address. */
  readonly site: string | undefined;
}

/** A change as it is asked for, before anybody knows what it takes. */
export interface AskedChange {
  readonly operations: readonly PolicyOperation[];
  /** Packages that it names, perhaps with an architecture. */
  readonly names: readonly string[];
  /** Whether packages that nobody named may go. */
  readonly allowRemovals: boolean;
  /** What it may do though the package manager would not by itself: give older versions, change or release what is held. */
  readonly overrides: readonly ('downgrades' | 'holds')[];
}

/** A step, and where what it brings comes from. */
export interface SourcedStep extends PlanStep {
  /** Every source that has this version; undefined stands for one of which nothing is known. Empty for what goes. */
  readonly origins: readonly (PackageOrigin | undefined)[];
}

/** What the administrator of this host allows, as it was at one moment. Each answer is why not; undefined when it may be. */
export interface ChangeRules {
  /** Whether some rule looks at the steps of a change. */
  readonly looksAtSteps: boolean;
  refuseAsked(asked: AskedChange): PolicyDenial | undefined;
  refuseSteps(steps: readonly SourcedStep[]): PolicyDenial | undefined;
  /** Whether a change may begin at this instant, epoch milliseconds. */
  refuseMoment(epochMs: number): PolicyDenial | undefined;
}

/** The word of this host's own administrator on changes that come from outside. */
export interface ChangePolicy {
  /** What it is now. Never rejects: what cannot be read forbids everything. */
  read(): Promise<ChangeRules>;
}

/** A denial as a clause, with the place of its rule. */
export function describeDenial({ reason, file, line }: PolicyDenial): string {
  return `the policy of this host forbids it: ${reason} (${line === null ? file : `${file}:${line}`})`;
}

/** A denial as a failure of a request or a job. */
export function policyError(denial: PolicyDenial): PatchError {
  return new PatchError(
    'POLICY_DENIED',
    `Nothing was changed: ${describeDenial(denial)}. Only root of the host can change that file; a change counts at once.`,
    { details: { policy: denial } },
  );
}
