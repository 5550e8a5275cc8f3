/** Waits for work that cannot be stopped, but no longer than this. @throws Error with code `ETIMEDOUT` */
export async function within<T>(limitMs: number, work: Promise<T>): Promise<T> {
  const limit = AbortSignal.timeout(limitMs);
  const { promise, reject } = Promise.withResolvers<never>();
  const late = (): void =>
    reject(Object.assign(new Error(`no answer within ${limitMs / 1000} s`), { code: 'ETIMEDOUT' }));
  limit.addEventListener('abort', late, { once: true });
  work.catch(() => {});
  try {
    return await Promise.race([work, promise]);
  } finally {
    limit.removeEventListener('abort', late);
  }
}
