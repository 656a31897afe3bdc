import { maskText } from '@clickspan/shared/masking';

/** Names longer than this are cut. */
const MAX_NAME_LENGTH = 60;
/** Text beyond this is not even looked at: somebody has made a whole page clickable. */
const MAX_READ_LENGTH = 400;

/** The name that a page gives an element for us; taken as it is. */
const NAME_ATTRIBUTE = 'data-clickspan-name';
/** What people click on; an icon within a button means the button. */
export const CLICKABLE: string =
  'a,button,input,select,textarea,label,summary,option,[role=button],[role=link],[role=tab],[role=menuitem],' +
  '[role=option],[role=checkbox],[role=switch],[role=radio],[onclick]';
/** Of these the content is what the user has typed or what the page holds, so it is never read. */
const TYPED = 'select,textarea,[contenteditable]';
/** Text of no name: typed, of the page's own code, or not meant for readers, as that of icon fonts. */
const UNREAD = TYPED + ',script,style,[aria-hidden=true]';
const SHOW_TEXT = 4;
const BUTTON_INPUT = /^(?:submit|button|reset)$/;

/**
 * Names an element that was used: the page's own name for it, else the accessible name of the nearest clickable element
 * (https://www.w3.org/TR/accname, in short: labelled by, label, label elements or content, picture, title), else the
 * element. What was typed is never read, numbers and addresses are masked, so names stay few.
 *
 * @param target the innermost element that was used
 * @returns at most 60 characters, never empty
 */
export function toElementName(target: Element): string {
  const named = target.closest(`[${NAME_ATTRIBUTE}]`)?.getAttribute(NAME_ATTRIBUTE);
  if (named) return named.slice(0, MAX_NAME_LENGTH);
  const clickable = target.closest(CLICKABLE);
  const name = (clickable && toLabel(accessibleNameOf(clickable))) || toTagName(clickable ?? target);
  return name.slice(0, MAX_NAME_LENGTH);
}

function accessibleNameOf(element: Element): string | null | undefined {
  const attribute = (name: string): string | null => element.getAttribute(name);
  const root = element.getRootNode() as Document;
  const labelledBy = attribute('aria-labelledby')
    ?.split(/\s+/)
    .map((id) => textOf(root.getElementById?.(id)))
    .join(' ')
    .trim();
  const input = element as HTMLInputElement;
  const isInput = element.localName === 'input';
  return (
    labelledBy ||
    attribute('aria-label') ||
    (isInput && BUTTON_INPUT.test(input.type) && input.value) ||
    textOf(input.labels?.[0]) ||
    (!isInput && textOf(element)) ||
    attribute('alt') ||
    element.querySelector('img[alt]')?.getAttribute('alt') ||
    attribute('title') ||
    attribute('placeholder') ||
    attribute('name')
  );
}

/** The beginning of an element's text, without what is never read. */
function textOf(element: Element | null | undefined): string {
  let text = '';
  if (!element) return text;
  const texts = element.ownerDocument.createTreeWalker(element, SHOW_TEXT);
  while (text.length < MAX_READ_LENGTH && texts.nextNode()) {
    const { parentElement, nodeValue } = texts.currentNode;
    if (!parentElement?.closest(UNREAD)) text += nodeValue;
  }
  return text.trim();
}

/** Text as a name: one line, without what differs from user to user. */
function toLabel(text: string | null | undefined): string {
  return maskText((text ?? '').slice(0, MAX_READ_LENGTH))
    .replace(/\d+(?:[.,:]\d+)*/g, '#')
    .replace(/\s+/g, ' ')
    .trim();
}

function toTagName(element: Element): string {
  // Not the property: a form's field of that name hides it.
  const id = element.getAttribute('id');
  return element.localName + (id && !/\d/.test(id) ? `#${maskText(id)}` : '');
}
