/** What every route for people and their programs may fail with. */
export const ADMIN_ERRORS = [
  'INVALID_REQUEST',
  'UNAUTHORIZED',
  'FORBIDDEN',
  'STEP_UP_REQUIRED',
  'RATE_LIMIT_EXCEEDED',
  'DATABASE_UNAVAILABLE',
  'DISK_FULL',
  'SERVICE_UNHEALTHY',
  'INTERNAL_ERROR',
] as const;

/** Of routes that ask a host. */
export const HOST_CALL_ERRORS = [
  ...ADMIN_ERRORS,
  'HOST_NOT_FOUND',
  'AGENT_UNREACHABLE',
  'AGENT_ERROR',
] as const;

/** Of routes that let a host change something. */
export const HOST_CHANGE_ERRORS = [
  ...HOST_CALL_ERRORS,
  'SIGNATURE_INVALID',
  'SIGNATURE_REQUIRED',
  'IDEMPOTENCY_CONFLICT',
  'INSTANCE_MISMATCH',
  'POLICY_DENIED',
  'QUEUE_FULL',
] as const;
