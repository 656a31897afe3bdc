/** Reads an address relative to the page's; throws where the browser would refuse it. What comes back is not to be changed. */
export type ParseUrl = (text: string) => URL;

/** Pages ask the same addresses again and again, and reading one costs as much as all else that a request needs. */
const MAX_KNOWN = 100;
/** Longer ones hold data, and are not worth their memory. */
const MAX_LENGTH = 2048;

/** Makes a reader of addresses that remembers the latest. */
export function createParseUrl({ document }: Window): ParseUrl {
  let known = new Map<string, URL>();
  let base = '';
  return (text) => {
    if (base !== document.baseURI || known.size >= MAX_KNOWN) {
      base = document.baseURI;
      known = new Map();
    }
    let url = known.get(text);
    if (!url) {
      url = new URL(text, base);
      if (text.length < MAX_LENGTH) known.set(text, url);
    }
    return url;
  };
}
