/** What a manager that was installed without its page says in the place of a screen. */
export interface NoPage {
  readonly status: number;
  readonly text: string;
}

const ANY: NoPage = {
  status: 404,
  text: 'This manager is here and was installed without its page; the API is below /api/v1, and "linux-patch-manager" on its machine does what the page does.\n',
};

/** Of the link that `init` prints. */
const FIRST_LINK: NoPage = {
  status: 200,
  text: `This link makes the first administrator of this manager, once.

With its secret (what is behind the # of the link), from anywhere:

  POST /api/v1/setup   Content-Type: application/json   Linux-Patch-Request: 1
  {"secret": "lpmf_...", "name": "ada", "password": "at least 12 characters"}

Or as root on the manager's machine:

  linux-patch-manager people create ada --role admin
`,
};

/** What stands at the path of a screen when there is no page. */
export function noPageAt(path: string): NoPage {
  return path === '/setup' ? FIRST_LINK : ANY;
}
