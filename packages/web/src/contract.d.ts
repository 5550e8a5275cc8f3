/** What the build takes out of the contract. */
declare const __CONTRACT__: {
  readonly requestHeader: string;
  readonly routes: Readonly<Record<string, { readonly method: string; readonly path: string }>>;
};

/** What each event of the audit log says, by its name. */
declare const __AUDIT_EVENTS__: Readonly<Record<string, string>>;

/** What each role may do, the least first. */
declare const __ROLES__: Readonly<Record<string, string>>;

/** What lets somebody in, by permission, and which roles have it. */
declare const __GUARDED__: Readonly<
  Record<string, { readonly meaning: string; readonly roles: readonly string[] }>
>;
