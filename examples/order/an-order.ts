// The order that the tests place.
export const anOrder = {
  orderId: "A-1001",
  customer: "ada@example.com",
  lines: [
    { sku: "TEA-500", quantity: 2, unitCents: 1250 },
    { sku: "CUP", quantity: 1, unitCents: 1700 },
  ],
};
