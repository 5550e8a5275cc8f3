/** What a reader is started with. */
export interface ReaderData {
  readonly path: string;
}

/** A statement to read with. */
export interface ReadQuestion {
  readonly sql: string;
  readonly parameters: readonly unknown[];
}

/** Its rows, or what SQLite said; an error of another thread loses its members on the way. */
export type ReadAnswer =
  | { readonly rows: readonly unknown[] }
  | { readonly message: string; readonly errcode: number | undefined };
