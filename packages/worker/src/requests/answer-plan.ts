import type { HostPlan, PackagePlans, PlanWaiting } from '../package-interface/package-plans.ts';
import { type PlanAnswer, PlanQuestion } from './plan-question.ts';
import { parsePart } from './request.ts';

/** What the contract lets a reason be. */
const REASON_LIMIT = 4_096;

/** @throws PatchError `INVALID_REQUEST` for a body that asks for no plan */
export function parseQuestion(body: Uint8Array): PlanQuestion {
  const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8');
  return parsePart(text, PlanQuestion, 'the body');
}

/** Says what a change would do, the verdict of the policy of the host included. @throws as `PackagePlans` */
export async function answerPlan(
  plans: PackagePlans,
  question: PlanQuestion,
  waiting: PlanWaiting,
): Promise<PlanAnswer> {
  const plan = await planOf(plans, question, waiting);
  return {
    ...plan,
    steps: [...plan.steps],
    left: plan.left.map((one) => ({ ...one, reason: one.reason.slice(0, REASON_LIMIT) })),
  };
}

function planOf(plans: PackagePlans, question: PlanQuestion, waiting: PlanWaiting): Promise<HostPlan> {
  switch (question.change) {
    case 'install':
      return plans.install(question, waiting);
    case 'remove':
      return plans.remove(question, waiting);
    case 'rollback':
      return plans.rollback(question, waiting);
    case 'patches':
      return plans.patches(question, waiting);
  }
}
