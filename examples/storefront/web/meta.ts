/** Reads `<meta name="…" content="…">`, by which the server tells the page its addresses. */
export function readMeta(name: string): string {
  const element = document.querySelector<HTMLMetaElement>(`meta[name="${name}"]`);
  if (!element?.content) throw new Error(`The page has no <meta name="${name}">.`);
  return element.content;
}
