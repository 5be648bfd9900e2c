/*
 * What a part may use of the page's script, which has left it with the function that the page calls.
 * The fragment of a part's address names that function.
 */
export const { kit } = window[decodeURIComponent(import.meta.url.split('#')[1])].q;
