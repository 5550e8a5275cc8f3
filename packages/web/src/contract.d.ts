/** What the build takes out of the contract. */
declare const __CONTRACT__: {
  readonly requestHeader: string;
  readonly routes: Readonly<Record<string, { readonly method: string; readonly path: string }>>;
};
