// @vitest-environment jsdom
import { beforeEach, describe, expect, it } from 'vitest';
import { toElementName } from './elementName.ts';

/** Names the element with the id `x`. */
function nameIn(html: string): string {
  document.body.innerHTML = html;
  return toElementName(document.getElementById('x')!);
}

beforeEach(() => {
  document.body.innerHTML = '';
});

describe('toElementName', () => {
  it.each([
    [
      'the name that the page gives',
      '<div data-clickspan-name="Buy 1"><button><i id="x"></i>Go</button></div>',
      'Buy 1',
    ],
    ['its label', '<button id="x" aria-label="Close dialog">×</button>', 'Close dialog'],
    [
      'what labels it, before its label',
      '<i id="a">Delete</i><b id="b">order</b><button id="x" aria-labelledby="a b" aria-label="x">×</button>',
      'Delete order',
    ],
    ['the label of a field', '<label>E-mail <input id="x" name="mail"></label>', 'E-mail'],
    ['the label that names a field', '<label for="x">Your name</label><input id="x">', 'Your name'],
    ['the label of a choice', '<label>Size <select id="x"><option>secret</option></select></label>', 'Size'],
    ['the hint of a field', '<input id="x" placeholder="Search">', 'Search'],
    ['no icon’s text', '<button id="x"><i aria-hidden="true">shopping_cart</i> Cart</button>', 'Cart'],
    ['no code', '<a id="x"><style>a{}</style><script>1</script>Home</a>', 'Home'],
    ['its text, on one line', '<button id="x">\n  Add <b>to</b>\n  cart </button>', 'Add to cart'],
    ['the text of the button around an icon', '<button>Buy <svg id="x"></svg></button>', 'Buy'],
    ['its title', '<a id="x" title="Home"></a>', 'Home'],
    ['its picture', '<a id="x"><img alt="Logo"></a>', 'Logo'],
    ['the value of a button field', '<input id="x" type="submit" value="Send">', 'Send'],
    ['the name of any other field', '<input id="x" name="email" value="anna@a.example">', 'email'],
    ['the element where there is nothing else', '<button id="x"></button>', 'button#x'],
    ['the element where a field hides its id', '<form id="x"><input name="id"></form>', 'form#x'],
    ['no address in an id', '<button id="row-anna@a.example"><i id="x"></i></button>', 'button#*'],
    ['the element where it is not made for clicks', '<div id="x">A letter to Anna</div>', 'div#x'],
  ])('takes %s', (_what, html, name) => {
    expect(nameIn(html)).toBe(name);
  });

  it.each([
    ['numbers', '<button id="x">Buy 3 for 1,299.50 €</button>', 'Buy # for # €'],
    ['addresses', '<button id="x">Log out anna@a.example now</button>', 'Log out * now'],
    ['ids with numbers', '<button></button><i id="x"></i>', 'i#x'],
  ])('masks %s', (_what, html, name) => {
    expect(nameIn(html)).toBe(name);
  });

  it('never reads what was typed', () => {
    expect(nameIn('<label id="x">Text <textarea>secret</textarea></label>')).toBe('Text');
    expect(nameIn('<textarea id="x" name="note">secret</textarea>')).toBe('note');
    expect(nameIn('<select id="x"><option>secret</option></select>')).toBe('select#x');
    expect(nameIn('<button><span id="x" contenteditable>secret</span></button>')).toBe('button');
    expect(nameIn('<input id="x" type="password" value="secret">')).toBe('input#x');
    expect(nameIn('<div contenteditable><a id="x">secret</a></div>')).toBe('a#x');
    expect(nameIn('<select size="2"><option id="x">secret</option></select>')).toBe('option#x');
  });

  it('is short and never empty', () => {
    expect(nameIn(`<button id="x">${'long '.repeat(1000)}</button>`)).toHaveLength(60);
    expect(nameIn('<button><i id="x"></i> </button>')).toBe('button');
  });
});
