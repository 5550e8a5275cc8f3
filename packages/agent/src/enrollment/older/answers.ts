import { Bundle } from '@linux-patch/contract';
import { z } from 'zod';
import type { ManagerAnswer } from '../../manager-link/client.ts';

/** A duplicate machine-id is answered with 500 and exactly these words. */
export function isOlderConflict(answer: Pick<ManagerAnswer, 'status' | 'text'>): boolean {
  return answer.status === 500 && answer.text.includes('"Database error"');
}

const UnknownStatus = z.object({ status: z.literal('not_found') });
const NestedBundle = z.object({ pki: Bundle });

/** What became of a request, in the shapes that only some older manager or its documents have; undefined for others. */
export function readOlderStatus(
  json: unknown,
): { readonly kind: 'unknown' } | { readonly kind: 'approved'; readonly bundle: Bundle } | undefined {
  if (UnknownStatus.safeParse(json).success) return { kind: 'unknown' };
  const nested = NestedBundle.safeParse(json);
  if (nested.success) return { kind: 'approved', bundle: nested.data.pki };
  if (typeof json !== 'object' || json === null || 'status' in json) return undefined;
  const bare = Bundle.safeParse(json);
  return bare.success ? { kind: 'approved', bundle: bare.data } : undefined;
}
