import { saidText } from './said-text.ts';

/** What a host, a browser or a person said, which begins and ends nothing around it. */
export function Said({ text }: { readonly text: string }) {
  return <bdi>{saidText(text)}</bdi>;
}
