/** A well-formed public host key that no machine has. */
export const HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINcv38Ewc0xBD8M0pXFDjaqleQ66yk2DOUl+uS6udqbS";
