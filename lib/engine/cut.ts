/** The beginning of a text, as every store takes it: what is cut through a pair of surrogates is made whole. */
export function cut(text: string, mostChars: number): string {
  return text.slice(0, mostChars).toWellFormed();
}
