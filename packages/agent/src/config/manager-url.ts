/** What people paste behind the base URL; the agent appends the paths itself. */
const KNOWN_PATH = /^\/*(?:api\/v1(?:\/enroll)?)?\/*$/;

/** The normal form of a manager's URL, or what is wrong with it. The fault never repeats the URL: it may hold a password. */
export type ManagerUrl = { readonly url: string } | { readonly fault: string };

/**
 * Reads the URL of a manager as people write it: http or https with a host, and nothing after it but perhaps a slash,
 * `/api/v1` or `/api/v1/enroll`, which are dropped. A manager below another path does not exist: every request would go to
 * another site of that host.
 */
export function normalizeManagerUrl(text: string): ManagerUrl {
  const trimmed = text.trim();
  if (!/^https?:\/\//i.test(trimmed)) {
    return { fault: 'must start with https:// (or http://), for example https://manager.example.org:8443' };
  }
  if (/[\s\\]/.test(trimmed)) return { fault: 'must not contain spaces or backslashes' };
  const parsed = URL.parse(trimmed);
  if (!parsed?.hostname) {
    return { fault: 'must be a URL with a host, for example https://manager.example.org:8443' };
  }
  const authority = trimmed.replace(/^[a-z]+:\/\//i, '').split(/[/?#]/, 1)[0] ?? '';
  if (authority.includes('@')) return { fault: 'must not hold a user name or password' };
  if (/[?#]/.test(trimmed)) return { fault: 'must not have a query or a fragment' };
  if (!KNOWN_PATH.test(parsed.pathname)) {
    return {
      fault:
        'must not have a path: a manager is asked at the root of its host. Behind a proxy give it a host name or a port of its own',
    };
  }
  return { url: parsed.origin };
}
