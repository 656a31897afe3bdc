import { maskText } from '@clickspan/shared/masking';

/** Names longer than this are cut. */
const MAX_NAME_LENGTH = 60;
/** Text beyond this is not even looked at: somebody has made a whole page clickable. */
const MAX_READ_LENGTH = 400;

/** What should do something when it is clicked, and does nothing of itself. */
export const EXPECTANT: string = 'a,button,input,[role=button],[role=link],[role=tab],[role=menuitem]';
/** What people click on; an icon within a button means the button. */
export const CLICKABLE: string =
  EXPECTANT +
  ',[role=option],[role=checkbox],[role=switch],[role=radio],[onclick],select,textarea,label,summary,option';
/** Of these the content is what the user has typed or what the page holds, so it is never read. */
const TYPED = 'select,textarea,[contenteditable]';
/** Text of no name: typed, of the page's own code, or not meant for readers, as that of icon fonts. */
const UNREAD = TYPED + ',script,style,[aria-hidden=true]';
const SHOW_TEXT = 4;
const BUTTON_INPUT = /submit|button|reset/;

/**
 * Names an element that was used: the page's own name for it, else the accessible name of the nearest clickable element
 * (https://www.w3.org/TR/accname, in short: labelled by, label, label elements or content, picture, title), else the
 * element. What was typed is never read, numbers and addresses are masked, so names stay few.
 *
 * @param target the innermost element that was used
 * @returns at most 60 characters, never empty
 */
export function toElementName(target: Element): string {
  const named = target.closest<HTMLElement>('[data-clickspan-name]')?.dataset['clickspanName'];
  const clickable = target.closest(CLICKABLE) ?? undefined;
  const name = named || (clickable && toLabel(accessibleNameOf(clickable))) || toTagName(clickable ?? target);
  return name.slice(0, MAX_NAME_LENGTH);
}

function accessibleNameOf(element: Element): string | null | undefined {
  const attribute = (name: string): string | null => element.getAttribute(name);
  const root = element.getRootNode() as Document;
  const labelledBy = attribute('aria-labelledby')
    ?.split(' ')
    .map((id) => textOf(root.getElementById?.(id)))
    .join(' ');
  const input = element as HTMLInputElement;
  const isInput = element.localName === 'input';
  return (
    labelledBy ||
    attribute('aria-label') ||
    (isInput && BUTTON_INPUT.test(input.type) && input.value) ||
    textOf(input.labels?.[0]) ||
    (!isInput && textOf(element)) ||
    element.querySelector('img[alt]')?.getAttribute('alt') ||
    ['alt', 'title', 'placeholder', 'name'].map(attribute).find(Boolean)
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
  return maskText(text ?? '')
    .replace(/\d+(?:[.,:]\d+)*/g, '#')
    .replace(/\s+/g, ' ')
    .trim();
}

function toTagName(element: Element): string {
  // Not the property: a form's field of that name hides it.
  const id = element.getAttribute('id');
  return element.localName + (id && !/\d/.test(id) ? `#${maskText(id)}` : '');
}
