<?php
/**
 * Plugin Name: Firstglance
 * Description: Adds Firstglance's script tag to every page that a visitor sees, and says what a post is about.
 */

const FIRSTGLANCE_SRC  = 'https://data.example.nl/fg.js';
const FIRSTGLANCE_SITE = 'my-shop';
// granted, segments, session, denied, google or tcf; empty for the default in firstglance.toml.
const FIRSTGLANCE_CONSENT = '';

// The people who write the site are no visitors.
function firstglance_counts() {
	return ! current_user_can( 'edit_posts' ) && ! is_preview();
}

add_action(
	'wp_enqueue_scripts',
	function () {
		if ( firstglance_counts() ) {
			// No version: the script says itself how long it may be kept.
			wp_enqueue_script( 'firstglance', FIRSTGLANCE_SRC, array(), null, false );
		}
	}
);

add_filter(
	'script_loader_tag',
	function ( $tag, $handle ) {
		if ( 'firstglance' !== $handle ) {
			return $tag;
		}
		$attributes = ' async data-site="' . esc_attr( FIRSTGLANCE_SITE ) . '"';
		if ( FIRSTGLANCE_CONSENT ) {
			$attributes .= ' data-consent="' . esc_attr( FIRSTGLANCE_CONSENT ) . '"';
		}
		// Only the tag with the address: other plugins may have put inline scripts beside it.
		return preg_replace( '/<script(?=[^>]*\ssrc=)/', '<script' . $attributes, $tag, 1 );
	},
	10,
	2
);

// Interests come from what a page says of itself: here, categories and tags of a post.
add_action(
	'wp_head',
	function () {
		if ( ! is_single() || ! firstglance_counts() ) {
			return;
		}
		foreach ( get_the_category() as $category ) {
			printf( '<meta property="article:section" content="%s">' . "\n", esc_attr( $category->name ) );
		}
		foreach ( get_the_tags() ?: array() as $label ) {
			printf( '<meta property="article:tag" content="%s">' . "\n", esc_attr( $label->name ) );
		}
	}
);
