/** Of every request but those for health. */
export const READ_ERRORS = [
  'INVALID_REQUEST',
  'RATE_LIMIT_EXCEEDED',
  'INSTANCE_MISMATCH',
  'WORKER_UNAVAILABLE',
  'INTERNAL_ERROR',
] as const;
/** Of a request that the host may want signed. */
export const SIGNATURE_ERRORS = ['SIGNATURE_REQUIRED', 'SIGNATURE_INVALID', 'CHALLENGE_UNKNOWN'] as const;
/** Of a request with a body. */
const BODY_ERRORS = ['BODY_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE'] as const;
/** Of a request that becomes a job. */
export const CHANGE_ERRORS = [
  ...READ_ERRORS,
  ...BODY_ERRORS,
  ...SIGNATURE_ERRORS,
  'POLICY_DENIED',
  'IDEMPOTENCY_CONFLICT',
  'QUEUE_FULL',
  'SERVICE_UNHEALTHY',
] as const;
/** Of the question what a change would do. */
export const PLAN_ERRORS = [
  ...READ_ERRORS,
  ...BODY_ERRORS,
  'DEPENDENCY_CONFLICT',
  'PKG_MANAGER_ERROR',
  'SERVICE_UNHEALTHY',
] as const;
