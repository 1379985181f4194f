/** First part of the name of everything that is declared here. */
export const PREFIX = "seldon-k3s";
