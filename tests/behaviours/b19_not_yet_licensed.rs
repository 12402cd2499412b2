//! Behaviour 19. Extensions and modalities may be configured before they are licensed or available.
