// Somebody's program, written with what two generators made of the live document.
import { createClient, type ClientCreate } from "./generated/live/client";
import { client } from "./generated/live/client/client.gen";
import type { components } from "./generated/live/types";

type Values = components["schemas"]["ClientCustomFieldsCreate"];
type Found = components["schemas"]["ClientRead"]["custom_fields"];

const values: Values = { debtor: "10042", tier: "gold", channel: "fair", seats: 3, rate: "12.50" };
const body: ClientCreate = { name: "Made by a program", custom_fields: values };

// @ts-expect-error: text is no number
export const anotherKind: Values = { ...values, debtor: 10042 };
// @ts-expect-error: nobody offers that choice
export const noChoice: Values = { ...values, channel: "pigeon" };
// @ts-expect-error: what is mandatory must be there
export const incomplete: Values = { tier: "gold" };
// @ts-expect-error: there is no such field
export const unknown: Values = { ...values, debitor: "10042" };
// @ts-expect-error: to the other generator, text is no number either
export const forTheOther: ClientCreate = { name: "A", custom_fields: { ...values, debtor: 1 } };
// @ts-expect-error: a client needs what is mandatory
export const without: ClientCreate = { name: "A" };
// @ts-expect-error: an amount is read as text, for no decimal to be lost
export const amount = (found: Found): number | undefined => found?.rate;

declare const process: { argv: string[] };
const [baseUrl, auth] = process.argv.slice(2);
client.setConfig({ baseUrl, auth });
const { data, error } = await createClient({ body });
console.log(JSON.stringify(data ?? error));
