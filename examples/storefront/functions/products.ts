/** One kind of beans, as the shop's pages show it. */
export interface Product {
  readonly id: string;
  readonly name: string;
  readonly origin: string;
  readonly notes: readonly string[];
  /** 1 (light) to 5 (dark). */
  readonly roast: number;
  readonly grams: number;
  readonly priceCents: number;
  readonly inStock: number;
}

/** What the shop sells. */
export const products: readonly Product[] = [
  {
    id: 'kochere',
    name: 'Kochere',
    origin: 'Gedeo, Ethiopia',
    notes: ['jasmine', 'apricot', 'bergamot'],
    roast: 1,
    grams: 250,
    priceCents: 1450,
    inStock: 34,
  },
  {
    id: 'nyeri-hill',
    name: 'Nyeri Hill',
    origin: 'Nyeri, Kenya',
    notes: ['blackcurrant', 'grapefruit', 'cane sugar'],
    roast: 2,
    grams: 250,
    priceCents: 1580,
    inStock: 12,
  },
  {
    id: 'finca-el-roble',
    name: 'Finca El Roble',
    origin: 'Huila, Colombia',
    notes: ['red apple', 'caramel', 'almond'],
    roast: 3,
    grams: 250,
    priceCents: 1290,
    inStock: 58,
  },
  {
    id: 'santa-lucia',
    name: 'Santa Lucía',
    origin: 'Antigua, Guatemala',
    notes: ['cocoa', 'orange peel', 'walnut'],
    roast: 3,
    grams: 250,
    priceCents: 1340,
    inStock: 41,
  },
  {
    id: 'gayo',
    name: 'Gayo',
    origin: 'Aceh, Sumatra',
    notes: ['cedar', 'dark chocolate', 'clove'],
    roast: 4,
    grams: 250,
    priceCents: 1390,
    inStock: 27,
  },
  {
    id: 'night-ferry',
    name: 'Night Ferry',
    origin: 'House blend, for espresso',
    notes: ['molasses', 'hazelnut', 'plum'],
    roast: 5,
    grams: 500,
    priceCents: 2190,
    inStock: 73,
  },
];

/** Finds one by its id; `undefined` when the shop does not sell it. */
export function findProduct(id: string): Product | undefined {
  return products.find((product) => product.id === id);
}
