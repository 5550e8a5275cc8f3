import type { Identity } from './identity.ts';

/** Uses this identity from now on. @throws when it cannot, or when new connections do not get its certificate */
export type IdentitySubscriber = (identity: Identity) => void | Promise<void>;

/** The identity in use, in one place: whoever serves with it subscribes, whoever reports about it asks. */
export interface CurrentIdentity {
  readonly value: Identity;
  /**
   * Hands another identity to every subscriber. When one of them cannot use it, all get the one before again.
   * @throws what that subscriber threw
   */
  publish(next: Identity): Promise<void>;
  subscribe(subscriber: IdentitySubscriber): Disposable;
}

export function createCurrentIdentity(first: Identity): CurrentIdentity {
  const subscribers = new Set<IdentitySubscriber>();
  let value = first;
  return {
    get value() {
      return value;
    },
    async publish(next) {
      const before = value;
      value = next;
      try {
        for (const subscriber of subscribers) await subscriber(next);
      } catch (error) {
        value = before;
        for (const subscriber of subscribers) await (async () => subscriber(before))().catch(() => {});
        throw error;
      }
    },
    subscribe(subscriber) {
      subscribers.add(subscriber);
      return { [Symbol.dispose]: () => void subscribers.delete(subscriber) };
    },
  };
}
