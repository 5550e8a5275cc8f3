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
