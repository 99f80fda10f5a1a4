// Where a convolution in matrices writes the sums of stretches that others add: they are f32, as in the matrices, which are
// stored whole where none of them reaches past the channels or into another image.

fn are_stored() -> bool {
    let sizes = sizes();
    let is_whole = sizes.rows % SIDE == 0u && sizes.image % SIDE == 0u && images_at_once() == 1u;
    return sizes.stretches > 1u && is_whole;
}

// A matrix of a stretch's sums, from such a row and column of the product on.
fn store_sums(stretch: u32, row: u32, column: u32, sums: Sums) {
    let sizes = sizes();
    let first = column_of(column);
    if first.inside && row < sizes.rows {
        let channel = stretch * params.batch * sizes.rows + first.channel + row;
        let at = channel * sizes.image + first.position;
        // naga wants a name for what is computed.
        let pitch = sizes.image;
        coopStoreT(sums, &output[at], pitch);
    }
}
